import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { leftHalfHash } from '../../src/sign-in/verify-id-token.js';

/** A provider that does as a test tells it. Correct by default. */
export interface HostileProvider {
  readonly issuer: string;
  /** What came to the token endpoint, in order. */
  readonly tokenRequests: URLSearchParams[];
  /** What came to the pushed authorization endpoint. */
  readonly pushed: URLSearchParams[];
  /** Changes of the metadata. */
  metadata: Record<string, unknown>;
  /** Changes of the ID token's claims; `undefined` leaves one out. */
  claims: Record<string, unknown>;
  /** Changes of the token answer. */
  answer: Record<string, unknown>;
  /** Changes of the userinfo answer. */
  userInfo: Record<string, unknown>;
  /** Makes the ID token itself. */
  makeIdToken: (claims: JWTPayload) => Promise<string>;
  /** Answers the token endpoint instead. */
  takeOver: ((response: ServerResponse) => void) | undefined;
  sign(claims: JWTPayload, header?: { readonly typ?: string; readonly alg?: string }): Promise<string>;
  /** The address the provider would send the browser back to, having been sent to `url`. */
  authorize(url: string, changes?: Readonly<Record<string, string | undefined>>): Promise<URLSearchParams>;
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const part of request) text += String(part);
  return new URLSearchParams(text);
}

/** @param now the provider's clock, absolute milliseconds */
export async function startHostileProvider(now: () => number): Promise<HostileProvider> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const codes = new Map<string, URLSearchParams>();
  const requests = new Map<string, URLSearchParams>();
  let count = 0;

  const server = createServer((request, response) => {
    void serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const send = (response: ServerResponse, body: unknown, status = 200): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

  const provider: HostileProvider = {
    issuer,
    tokenRequests: [],
    pushed: [],
    metadata: {},
    claims: {},
    answer: {},
    userInfo: {},
    takeOver: undefined,
    sign: (claims, { typ = 'JWT', alg = 'ES256' } = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid: 'k1', typ }).sign(privateKey),
    makeIdToken: (claims) => provider.sign(claims),
    async authorize(url, changes = {}) {
      let { searchParams } = new URL(url);
      searchParams = requests.get(searchParams.get('request_uri') ?? '') ?? searchParams;
      const code = `code-${++count}`;
      codes.set(code, searchParams);
      const answer = { code, state: searchParams.get('state') ?? '', iss: issuer, ...changes };
      return new URLSearchParams(
        Object.entries(answer).filter((pair): pair is [string, string] => pair[1] !== undefined),
      );
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    provider.tokenRequests.push(body);
    if (provider.takeOver !== undefined) return provider.takeOver(response);
    const asked = codes.get(body.get('code') ?? '');
    codes.delete(body.get('code') ?? '');
    const digest = new Uint8Array(
      await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body.get('code_verifier') ?? '')),
    );
    const challenge = Buffer.from(digest).toString('base64url');
    if (asked?.get('code_challenge') !== challenge || asked.get('redirect_uri') !== body.get('redirect_uri')) {
      return send(response, { error: 'invalid_grant' }, 400);
    }
    const accessToken = `access-${count}`;
    const seconds = Math.floor(now() / 1000);
    const claims = {
      iss: issuer,
      sub: 'user-1',
      aud: asked.get('client_id') ?? '',
      iat: seconds,
      exp: seconds + 300,
      auth_time: seconds,
      sid: 'sid-1',
      nonce: asked.get('nonce') ?? undefined,
      at_hash: await leftHalfHash('ES256', accessToken),
      ...provider.claims,
    };
    const idToken = await provider.makeIdToken(JSON.parse(JSON.stringify(claims)) as JWTPayload);
    const answer = { access_token: accessToken, token_type: 'Bearer', expires_in: 3600, id_token: idToken };
    send(response, { ...answer, ...provider.answer });
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?', 1)[0];
    if (path === '/.well-known/openid-configuration' || path === '/.well-known/oauth-authorization-server') {
      return send(response, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/userinfo`,
        jwks_uri: `${issuer}/jwks`,
        end_session_endpoint: `${issuer}/logout`,
        authorization_response_iss_parameter_supported: true,
        id_token_signing_alg_values_supported: ['ES256', 'none', 'HS256'],
        ...provider.metadata,
      });
    }
    if (path === '/jwks') return send(response, { keys: [jwk] });
    if (path === '/userinfo') return send(response, { sub: 'user-1', name: 'Ada', ...provider.userInfo });
    if (path === '/token') return token(request, response);
    if (path === '/par') {
      const body = await bodyOf(request);
      provider.pushed.push(body);
      const reference = `urn:ietf:params:oauth:request_uri:${provider.pushed.length}`;
      requests.set(reference, body);
      return send(response, { request_uri: reference, expires_in: 60 }, 201);
    }
    send(response, {}, 404);
  }

  return provider;
}
