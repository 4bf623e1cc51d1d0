import type { IncomingMessage } from 'node:http';
import Provider, { type ClientMetadata, interactionPolicy } from 'oidc-provider';
import type { Data } from './data.js';
import { createProviderAdapter } from './provider-adapter.js';
import type { ProviderKeys } from './provider-keys.js';

/** What the provider is made of. */
export interface OpenidProviderParts {
  readonly issuer: string;
  /** What access tokens are for: the API of this service. */
  readonly audience: string;
  readonly data: Pick<Data, 'storage' | 'users'>;
  readonly keys: ProviderKeys;
  readonly clients: readonly ClientMetadata[];
  /** Who is signed in to this service, in the browser that asks. */
  readonly signedInAs: (request: IncomingMessage) => Promise<string | undefined>;
}

/** oidc-provider, a certified implementation. It speaks the protocol; who somebody is, this service's sessions say. */
export function createOpenidProvider(parts: OpenidProviderParts): Provider {
  const { issuer, audience, data, keys, clients, signedInAs } = parts;
  const { base, Check } = interactionPolicy;
  const prompts = base();
  // Whoever signs out of the service, or signs in as somebody else, is nobody to the provider, whatever its own cookie says.
  prompts.get('login')?.checks.add(
    new Check('other_user', 'the service has somebody else signed in', async (ctx) => {
      const { session } = ctx.oidc;
      const user = await signedInAs(ctx.req);
      return session?.accountId !== user ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
    }),
  );
  const provider = new Provider(issuer, {
    adapter: createProviderAdapter(data.storage),
    clients: [...clients],
    jwks: { keys: [keys.signing] },
    cookies: { keys: [keys.cookie], short: { sameSite: 'lax' }, long: { sameSite: 'lax' } },
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    // Clients read the claims from the ID token; their access token is for the API.
    conformIdTokenClaims: false,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_ctx, resource) {
          if (resource !== audience) throw new Error('Only the API of this service is known.');
          return { scope: 'profile', audience, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };
        },
        useGrantedResource: () => true,
      },
    },
    findAccount(_ctx, id) {
      const user = data.users.find(id);
      return (
        user && { accountId: id, claims: () => ({ sub: id, name: user.name, email: user.email, email_verified: true }) }
      );
    },
    interactions: { policy: prompts, url: (_ctx, { uid }) => `/interaction/${uid}` },
    issueRefreshToken: (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    pkce: { required: () => true },
    renderError(ctx, { error }) {
      ctx.type = 'text/plain';
      ctx.body = `This request of the application cannot be answered: ${error}.`;
    },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: 1_209_600,
      IdToken: 600,
      Interaction: 600,
      RefreshToken: 1_209_600,
      Session: 1_209_600,
    },
  });
  // Behind a proxy that speaks TLS, its headers say so.
  provider.proxy = true;
  return provider;
}
