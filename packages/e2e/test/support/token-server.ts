import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A token endpoint on loopback whose refresh tokens work once; one that is shown again ends its family (RFC 9700 section 4.14.2). */
export interface TokenServer {
  readonly issuer: string;
  /** A refresh token of a new grant. */
  grant(): string;
  /** How often each refresh token was shown. */
  readonly shown: Map<string, number>;
  /** Whether an access token came from here. */
  issued(token: string): boolean;
  close(): Promise<void>;
}

export async function startTokenServer(): Promise<TokenServer> {
  const families = new Map<string, string>();
  const alive = new Map<string, string>();
  const shown = new Map<string, number>();
  const access = new Set<string>();

  function rotate(family: string): string {
    const token = randomBytes(18).toString('base64url');
    families.set(token, family);
    alive.set(family, token);
    return token;
  }

  function answer(refresh: string): { status: number; body: object } {
    shown.set(refresh, (shown.get(refresh) ?? 0) + 1);
    const family = families.get(refresh);
    if (family === undefined || alive.get(family) !== refresh) {
      if (family !== undefined) alive.delete(family);
      return { status: 400, body: { error: 'invalid_grant' } };
    }
    const token = randomBytes(18).toString('base64url');
    access.add(token);
    return {
      status: 200,
      body: { access_token: token, token_type: 'Bearer', expires_in: 3600, refresh_token: rotate(family) },
    };
  }

  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (bytes: Buffer) => (text += bytes.toString()));
    request.on('end', () => {
      const { status, body } = answer(new URLSearchParams(text).get('refresh_token') ?? '');
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    issuer: `http://127.0.0.1:${port}`,
    grant: () => rotate(randomBytes(9).toString('base64url')),
    shown,
    issued: (token) => access.has(token),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
