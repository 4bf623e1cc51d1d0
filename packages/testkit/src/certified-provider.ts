import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type ClientMetadata, type Configuration } from 'oidc-provider';

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

/** A user agent over real HTTP: one cookie jar for each origin, redirects followed one at a time. */
export interface UserAgent {
  /** One request, with the cookies of its origin unless `credentials` is `omit`. */
  send(url: string, init?: RequestInit): Promise<Response>;
  /** Follows redirects from `url` until an answer is none, or leads to where `until` says. Gives that address, and the answer unless it stopped short. */
  follow(
    url: string,
    until?: (url: string) => boolean,
  ): Promise<{ readonly url: string; readonly response?: Response }>;
}

export function userAgent(): UserAgent {
  const jars = new Map<string, Map<string, string>>();
  const agent: UserAgent = {
    async send(url, init = {}) {
      const { origin } = new URL(url);
      const jar = jars.get(origin) ?? new Map<string, string>();
      jars.set(origin, jar);
      const headers = new Headers(init.headers);
      if (jar.size > 0 && init.credentials !== 'omit')
        headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
      const response = await fetch(url, { ...init, headers, redirect: 'manual' });
      for (const field of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
        if (value === '') jar.delete(name);
        else jar.set(name, value);
      }
      return response;
    },
    async follow(url, until = () => false) {
      let at = url;
      for (let step = 0; step < 12; step++) {
        if (until(at)) return { url: at };
        const response = await agent.send(at);
        const location = response.headers.get('location');
        if (location === null) return { url: at, response };
        at = new URL(location, at).href;
      }
      throw new Error('Too many redirects.');
    },
  };
  return agent;
}
