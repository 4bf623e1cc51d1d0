import { type Clock, Secret } from '@portcullis/core';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { TokenSet } from '../../src/token-set.js';
import { formOf } from './test-provider.js';

const issuer = 'https://id.example.com';
const { privateKey, publicKey } = await generateKeyPair('ES256');

/** An ID token that the provider signed. */
export function signedIdToken(claims: Record<string, unknown>, now: number): Promise<string> {
  const seconds = Math.floor(now / 1000);
  const whole = { ...claims, iat: seconds, exp: seconds + 300 };
  return new SignJWT(whole).setProtectedHeader({ alg: 'ES256', kid: 'a' }).sign(privateKey);
}

/** An authorization server behind a fetch: a refresh token works once, and one that is used again ends its family (RFC 9700 section 4.14.2). */
export interface RotatingProvider {
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>;
  /** Tokens as a sign-in gives them. */
  issue(changes?: Partial<TokenSet>): TokenSet;
  /** Refresh tokens as they were shown. */
  readonly refreshed: string[];
  /** Forms that came to the revocation endpoint. */
  readonly revoked: string[];
  readonly access: Set<string>;
  /** What replaces or adds to the next answers of the token endpoint. */
  answer: (answer: Record<string, unknown>) => object | Promise<object>;
  /** Runs after the token endpoint has decided, before it answers. */
  beforeAnswer: () => Promise<void> | void;
  down: boolean;
}

export function rotatingProvider(
  clock: Clock,
  { rotates = true }: { readonly rotates?: boolean } = {},
): RotatingProvider {
  const families = new Map<string, number>();
  const alive = new Map<number, string>();
  let serial = 0;

  const next = (family: number): { access_token: string; refresh_token: string } => {
    serial++;
    const access = `access-${serial}-canary`;
    const refresh = `refresh-${serial}-canary`;
    provider.access.add(access);
    families.set(refresh, family);
    alive.set(family, refresh);
    return { access_token: access, refresh_token: refresh };
  };

  const error = (code: string): Response => Response.json({ error: code }, { status: 400 });

  async function token(form: URLSearchParams): Promise<Response> {
    const shown = form.get('refresh_token') ?? '';
    provider.refreshed.push(shown);
    const family = families.get(shown);
    if (family === undefined || alive.get(family) === undefined) return error('invalid_grant');
    if (alive.get(family) !== shown) {
      alive.delete(family);
      return error('invalid_grant');
    }
    const { refresh_token, ...rest } = rotates ? next(family) : { ...next(family), refresh_token: shown };
    alive.set(family, refresh_token);
    await provider.beforeAnswer();
    const answer = await provider.answer({
      ...rest,
      ...(rotates ? { refresh_token } : {}),
      token_type: 'Bearer',
      expires_in: 600,
    });
    return answer instanceof Response ? answer : Response.json(answer);
  }

  const provider: RotatingProvider = {
    refreshed: [],
    revoked: [],
    access: new Set(),
    answer: (answer) => answer,
    beforeAnswer: () => undefined,
    down: false,
    issue(changes = {}) {
      serial++;
      const { access_token, refresh_token } = next(serial);
      return {
        accessToken: new Secret(access_token),
        refreshToken: new Secret(refresh_token),
        tokenType: 'bearer',
        expiresAt: clock() + 600_000,
        scopes: ['read'],
        claims: { iss: issuer, sub: 'alice-there', aud: 'app' },
        extra: {},
        ...changes,
      };
    },
    async fetch(url, init = {}) {
      if (url.includes('/.well-known/')) {
        return Response.json({
          issuer,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          revocation_endpoint: `${issuer}/revoke`,
          id_token_signing_alg_values_supported: ['ES256'],
        });
      }
      if (url === `${issuer}/jwks`)
        return Response.json({ keys: [{ ...(await exportJWK(publicKey)), kid: 'a', alg: 'ES256' }] });
      if (provider.down) return new Response('', { status: 503 });
      const form = formOf(init);
      if (url === `${issuer}/token`) return token(form);
      if (url !== `${issuer}/revoke`) return new Response('', { status: 404 });
      provider.revoked.push(form.get('token') ?? '');
      return new Response('');
    },
  };
  return provider;
}
