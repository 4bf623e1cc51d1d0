import {
  type ClientCredential,
  type ConnectionOptions,
  createClientCredentials,
  createConnection,
  type Provider,
} from '@portcullis/oauth-client';

// #region connection
/** This program at your issuer. Nothing is fetched before the first call. */
export function connect(
  issuer: string,
  credential: ClientCredential,
  options: ConnectionOptions = {},
  clientId = 'reports',
) {
  const server: Provider = {
    id: 'auth',
    label: 'Our issuer',
    issuer,
    discovery: 'oauth2', // or 'oidc': how it publishes where its token endpoint is
    openid: false,
    scopes: [],
    profile: () => ({ subject: '', emailVerified: false }), // nobody signs in here
  };
  return createConnection('auth', { provider: server, clientId, credential }, options);
}
// #endregion connection

// #region caller
/** A fetch for the invoices service. The token goes to that origin and nowhere else, redirects included. */
export function createInvoicesClient(connection: ReturnType<typeof connect>, fetch = globalThis.fetch) {
  const machine = createClientCredentials(connection);
  const send = machine.fetch({
    origins: ['https://invoices.example.com'],
    resource: 'https://invoices.example.com', // becomes the token's aud
    scopes: ['invoices:read'],
    fetch,
  });
  return (path: string, init?: RequestInit) => send(`https://invoices.example.com${path}`, init);
}
// #endregion caller
