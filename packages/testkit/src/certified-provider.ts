import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type ClientMetadata, type Configuration } from 'oidc-provider';

export { type UserAgent, userAgent } from './user-agent.js';

/** A certified OpenID provider on loopback, in which everyone is signed in as `ada` without being asked. */
export interface CertifiedProvider {
  readonly issuer: string;
  /** For what a test does in a user's stead, and to see what comes. */
  readonly provider: Provider;
  close(): Promise<void>;
}

async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    await provider.interactionFinished(request, response, { login: { accountId: 'ada', amr: ['pwd'] } });
    return;
  }
  const found = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant =
    found ?? new provider.Grant({ accountId: session?.accountId ?? '', clientId: params['client_id'] as string });
  grant.addOIDCScope((params['scope'] as string | undefined) ?? '');
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

/**
 * Starts oidc-provider with PKCE, PAR, DPoP, private_key_jwt and both kinds of logout.
 * @param clients as registered there, once its address is known
 */
export async function certifiedProvider(
  clients: (issuer: string) => readonly ClientMetadata[],
  changes: Configuration = {},
): Promise<CertifiedProvider> {
  let handle: (request: IncomingMessage, response: ServerResponse) => unknown = () => {};
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [...clients(issuer)],
    cookies: { keys: ['a key of the tests'] },
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    enabledJWA: { requestObjectSigningAlgValues: ['ES256'], clientAuthSigningAlgValues: ['ES256'] },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
      rpInitiatedLogout: {
        enabled: true,
        // Presses the button that the user would.
        logoutSource: (ctx, form) => {
          ctx.body = `<body>${form.replace('</form>', '<input name="logout" value="yes"></form>')}</body>`;
        },
      },
    },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: 'Ada', email: 'ada@example.org', email_verified: true }),
    }),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    // Its own refuses loopback addresses, where the applications of tests are.
    fetch: (url, { method = 'GET', headers = {}, body = null } = {}) => fetch(url, { method, headers, body }),
    ...changes,
  });
  const callback = provider.callback();
  handle = (request, response) =>
    request.url?.startsWith('/interaction/') === true
      ? interact(provider, request, response)
      : callback(request, response);
  return {
    issuer,
    provider,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
