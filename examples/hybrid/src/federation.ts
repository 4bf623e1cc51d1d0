import { randomUUID } from 'node:crypto';
import type { Exchange } from '@portcullis/core';
import {
  createOAuthClient,
  createTokenVault,
  type Identity,
  OAuthError,
  type SignInResult,
} from '@portcullis/oauth-client';
import type { Auth } from './auth.js';
import type { Site } from './config.js';
import type { IdentityProviders } from './identity-providers.js';
import { ringOf, type Secrets } from './secrets.js';
import type { SqliteStorage } from '@portcullis/storage-sqlite';
import type { Account, Users } from './users.js';

export interface FederationParts {
  readonly auth: Pick<Auth, 'events' | 'sessions'>;
  readonly storage: SqliteStorage;
  readonly users: Users;
  readonly secrets: Secrets;
  readonly site: Site;
  readonly providers: IdentityProviders;
}

/** Where a provider says who its token is of: what the page "what the provider says" shows. */
const descriptions: Readonly<Record<string, string>> = {
  google: 'https://openidconnect.googleapis.com/v1/userinfo',
  github: 'https://api.github.com/user',
};

/** Sign-in with other people's accounts. Who somebody is there says issuer and subject alone, never an address. */
export function createFederation({ auth, storage, users, secrets, site, providers }: FederationParts) {
  const { registrations, demo } = providers;
  const names = Object.keys(registrations);
  if (names.length === 0) return undefined;
  const { events, sessions } = auth;
  const encryptionKeys = ringOf(secrets.sealing);
  // Plain http and loopback are for Demo ID, which runs in development only.
  const limits = { dangerouslyAllowPrivateNetwork: demo !== undefined };
  const oauth = createOAuthClient<string>({
    storage,
    origin: site.url,
    providers: registrations,
    encryptionKeys,
    fallback: '/posts',
    limits,
    events,
  });
  const { identities } = oauth;
  const vault = createTokenVault({
    storage,
    encryptionKeys,
    connections: names.map((name) => oauth.connection(name)),
    events,
  });

  /** The user an identity belongs to, made now if nobody has it. In ten tabs at once they all get the same. */
  async function ownerOf({ profile, provider, user }: SignInResult): Promise<Account> {
    const { issuer, subject, name, username, email, emailVerified } = profile;
    const id = user ?? (await claim({ issuer, subject, provider }));
    if (users.find(id) === undefined) {
      // An address that the provider did not check, or that somebody else has here, is nobody's.
      const isFree = email !== undefined && emailVerified && users.findByEmail(email) === undefined;
      users.create({ id, name: name ?? username ?? 'Somebody', role: 'author', email: isFree ? email : null });
    }
    return users.find(id) as Account;
  }

  async function claim(identity: Pick<Identity, 'issuer' | 'subject' | 'provider'>): Promise<string> {
    try {
      return (await identities.link(identity, randomUUID())).user;
    } catch (error) {
      const held = error instanceof OAuthError && error.code === 'identity_taken' && (await identities.find(identity));
      if (held) return held.user;
      throw error;
    }
  }

  return {
    oauth,
    providers: names.map((name) => {
      const { label, openid } = oauth.connection(name).provider;
      // Only an ID token says when somebody last proved who they are.
      return { name, label, tellsTime: openid };
    }),

    signedInAs: async ({ request }: Exchange): Promise<string | undefined> => (await sessions.read(request))?.user,

    /** Whose sign-in or link this is, with the provider's tokens kept. */
    async accept(result: SignInResult): Promise<Account> {
      const { profile, provider, tokens, link } = result;
      if (link !== undefined) await identities.link({ ...profile, provider }, link.user);
      const user = link === undefined ? await ownerOf(result) : (users.find(link.user) as Account);
      await vault.store({ user: user.id, provider, tokens, subject: profile.subject });
      return user;
    },

    identitiesOf: (user: string): Promise<readonly Identity[]> => identities.list(user),

    /** The last way in stays. @throws {OAuthError} `identity_last` */
    async unlink(identity: Pick<Identity, 'issuer' | 'subject'>, user: string): Promise<void> {
      const held = await identities.find(identity);
      if (held?.user !== user) return;
      await identities.unlink(identity, user, { otherWayIn: () => typeof users.find(user)?.passwordHash === 'string' });
      const others = await identities.list(user);
      if (others.some(({ provider }) => provider === held.provider)) return;
      // Ended here whatever the provider says; it is told, if it can be reached.
      await vault.revoke(user, held.provider).catch((error: unknown) => {
        if (!(error instanceof OAuthError)) throw error;
      });
    },

    /** What the provider says of the user now, asked with the token from the vault. @throws {OAuthError} */
    async describe(user: string, provider: string): Promise<unknown> {
      const url = provider === 'demo' && demo !== undefined ? `${demo.issuer}/me` : descriptions[provider];
      if (url === undefined) throw new OAuthError('sign_in_unknown', 'No provider is called that.');
      const answer = await vault.fetch(user, provider, { origins: [new URL(url).origin] })(url);
      if (!answer.ok) throw new OAuthError('provider_refused', `The provider answered ${answer.status}.`);
      return answer.json();
    },
  };
}

export type Federation = NonNullable<ReturnType<typeof createFederation>>;
