import { randomUUID } from 'node:crypto';
import { createGuard, createPolicy } from '@portcullis/core';
import {
  createOAuthClient,
  createTokenVault,
  OAuthError,
  type Provider,
  type SignInResult,
} from '@portcullis/oauth-client';
import { openidProfile } from '@portcullis/oauth-client/providers';
import { createSessions } from '@portcullis/session';
import type { Config } from './config.js';
import type { Data } from './data.js';

const policy = createPolicy({ permissions: ['account:read'], roles: { user: ['account:read'] } });
const loopback = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Authentication, wired once. `origin` is the application's own, as browsers see it. */
export function createAuth({ storage, users }: Data, config: Config, origin: string) {
  const sessions = createSessions({ storage, csrf: { origins: [origin] } });
  const guard = createGuard({
    authenticators: [sessions.authenticator()],
    policy,
    roles: ({ id }) => (users.find(id) === undefined ? [] : ['user']),
  });

  const provider: Provider = {
    id: 'yourservice',
    label: 'YourService',
    issuer: config.issuer,
    discovery: 'oidc',
    openid: true,
    scopes: ['openid', 'profile', 'offline_access'],
    // It gives a refresh token to whoever consents to that each time.
    authorizationParameters: { prompt: 'consent' },
    // The ID token says it all, and the access token is for the API.
    userInfo: [],
    profile: openidProfile,
  };
  const encryptionKeys = { current: 'k1', keys: { k1: config.encryptionKey } };
  const oauth = createOAuthClient({
    storage,
    origin,
    encryptionKeys,
    // A provider on this machine, for development.
    limits: { dangerouslyAllowPrivateNetwork: loopback.has(new URL(config.issuer).hostname) },
    providers: {
      yourservice: { provider, clientId: config.clientId, credential: { secret: config.clientSecret } },
    },
  });
  const vault = createTokenVault({ storage, encryptionKeys, connections: [oauth.connection('yourservice')] });

  /** Whose identity this is: somebody we know, or somebody new. */
  async function userOf({ user, profile, provider: name }: SignInResult): Promise<string> {
    let id = user;
    while (id === undefined) {
      try {
        id = (await oauth.identities.link({ ...profile, provider: name }, randomUUID())).user;
      } catch (error) {
        // Somebody signs up in two windows at once.
        if (!(error instanceof OAuthError && error.code === 'identity_taken')) throw error;
        id = (await oauth.identities.find(profile))?.user;
      }
    }
    users.add({ id, name: profile.name ?? 'Somebody' });
    return id;
  }

  const login = oauth.loginHandler({ options: () => ({ resource: config.api }) });
  const callback = oauth.callbackHandler({
    async signedIn(result, exchange) {
      const user = await userOf(result);
      await vault.store({ user, provider: result.provider, tokens: result.tokens });
      const { id, endsAt } = await sessions.signIn(exchange, { user, startedAt: result.startedAt });
      return { session: { id, user, endsAt } };
    },
    failed: ({ code }) => ({ status: 303, headers: [['location', `/?failed=${code}`]] }),
  });

  /** Asks the provider's API, with the user's token out of the vault. */
  async function askProvider(user: string): Promise<unknown> {
    const answer = await vault.fetch(user, 'yourservice', { origins: [new URL(config.api).origin] })(
      `${config.api}/me`,
    );
    const body: unknown = await answer.json();
    return { status: answer.status, body };
  }

  return { sessions, guard, login, callback, askProvider };
}

export type Auth = ReturnType<typeof createAuth>;
