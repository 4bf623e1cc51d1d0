import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type Provider from 'oidc-provider';
import { interactionPage } from './demo-pages.js';

/** An identity provider for development: anyone is who they say they are. Never let it near a real user. */
export interface DemoProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  close(): Promise<void>;
}

/** What it is started with. */
export interface DemoProviderOptions {
  /** 0 picks a free port. Who is known by an address on another port is somebody else: identities name their issuer. */
  readonly port: number;
  /** Where the application is sent its users back to. */
  readonly redirectUris: readonly string[];
}

const clientId = 'inkwell';

// The address makes the person, so that a restart, which forgets everything else, leaves people who they were.
const accountOf = (email: string): string => createHash('sha256').update(email).digest('hex').slice(0, 24);

/** oidc-provider says on the console that it is in development, and so it is; what this program prints is for programs. */
async function quietly<R>(work: () => Promise<R>): Promise<R> {
  const { info, warn } = console;
  console.info = console.warn = () => {};
  try {
    return await work();
  } finally {
    Object.assign(console, { info, warn });
  }
}

/** Starts oidc-provider, a certified implementation, on loopback. It keeps everything in memory. */
export async function startDemoProvider({ port, redirectUris }: DemoProviderOptions): Promise<DemoProvider> {
  let listener: RequestListener = () => {};
  const server = createServer((request, response) => listener(request, response));
  await listen(server, port);
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clientSecret = randomBytes(32).toString('base64url');
  const people = new Map<string, { readonly name: string; readonly email: string }>();

  const provider = await quietly(async () => {
    const { default: OidcProvider } = await import('oidc-provider');
    return new OidcProvider(issuer, {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: [...redirectUris],
          grant_types: ['authorization_code', 'refresh_token'],
        },
      ],
      cookies: { keys: [randomBytes(32).toString('base64url')] },
      claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
      conformIdTokenClaims: false,
      // Each sign-in begins another session, and would take the codes of those in other tabs with it.
      expiresWithSession: () => false,
      features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
      findAccount: (_ctx, id) => ({
        accountId: id,
        // It checked no address: the person said that it is theirs.
        claims: () => ({ sub: id, ...people.get(id), email_verified: false }),
      }),
      interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
      issueRefreshToken: () => true,
      // The application is our own: signing in to it is the consent.
      async loadExistingGrant(ctx) {
        const { client, session } = ctx.oidc;
        if (client === undefined || session?.accountId === undefined) return undefined;
        const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
        grant.addOIDCScope('openid profile email');
        await grant.save();
        return grant;
      },
      ttl: { AccessToken: 600, Grant: 86_400, IdToken: 600, Interaction: 600, RefreshToken: 86_400, Session: 86_400 },
    });
  });

  /** Asks who is there, and takes the answer. */
  async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await provider.interactionDetails(request, response);
    if (request.method !== 'POST') return page(response, {});
    const form = new URLSearchParams((await text(request)).slice(0, 4096));
    if (form.has('cancel')) {
      const cancelled = { error: 'access_denied', error_description: 'The user cancelled.' };
      return provider.interactionFinished(request, response, cancelled);
    }
    const [name, email] = [form.get('name')?.trim() ?? '', form.get('email')?.trim().toLowerCase() ?? ''];
    if (name === '' || !/^[^\s@]+@[^\s@]+$/.test(email))
      return page(response, { name, email, error: 'Give a name and an address.' });
    const accountId = accountOf(email);
    people.set(accountId, { name, email });
    await provider.interactionFinished(request, response, { login: { accountId, amr: ['user'] } });
  }

  listener = handle(provider, interact);
  return {
    issuer,
    clientId,
    clientSecret,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function handle(
  provider: Provider,
  interact: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): RequestListener {
  const callback = provider.callback();
  return (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return void callback(request, response);
    // An interaction that is over, or of another browser.
    interact(request, response).catch(() => page(response, { error: 'This sign-in is over. Begin again.' }, 400));
  };
}

function page(response: ServerResponse, fields: Parameters<typeof interactionPage>[0], status = 200): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(interactionPage(fields));
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}
