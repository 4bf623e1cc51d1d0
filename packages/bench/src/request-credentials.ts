import { randomBytes, createSecretKey } from 'node:crypto';
import { createApiKeys } from '@portcullis/api-key';
import {
  type Authenticator,
  type AuthRequest,
  createGuard,
  createMemoryStorage,
  createPolicy,
  type Guard,
  type Principal,
} from '@portcullis/core';
import { createJwtSigner, createJwtVerifier, fixedSigningKeys } from '@portcullis/jwt';
import { createSessions } from '@portcullis/session';

/** A way to prove who one is: the header fields of a good request and of a bad one, and who reads them. */
export interface Credential {
  readonly good: Readonly<Record<string, string>>;
  readonly bad: Readonly<Record<string, string>>;
  readonly authenticator: Authenticator;
}

/** Whoever is asking: the bare routes answer it too, so that all bodies are the same. */
export const user = 'user-500';
const count = 1000;

/** One of 1,000 API keys in memory. */
export async function keyCredential(): Promise<Credential & { readonly all: readonly string[] }> {
  const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: 'unlimited' });
  const all: string[] = [];
  for (let i = 0; i < count; i++) all.push((await keys.create({ owner: `user-${i}`, name: 'bench' })).key.reveal());
  return {
    good: { 'x-api-key': all[500] as string },
    bad: { 'x-api-key': 'acme_live_nonsense' },
    authenticator: keys.authenticator(),
    all,
  };
}

/** An access token that has been seen before, after the first request. */
export async function jwtCredential(): Promise<Credential> {
  const issuer = 'https://auth.example.com/';
  const audience = 'https://api.example.com';
  const secret = createSecretKey(randomBytes(32));
  const key = new Uint8Array(secret.export());
  const current = { algorithm: 'HS256', kid: 'k1', key } as const;
  const signer = createJwtSigner({ typ: 'at+jwt', keys: fixedSigningKeys({ current }) });
  const now = Math.floor(Date.now() / 1000);
  const token = await signer.sign({
    iss: issuer,
    aud: audience,
    sub: user,
    client_id: 'web-dashboard',
    iat: now,
    exp: now + 86_400,
    jti: 'bench',
    scope: 'hello:read',
  });
  const verifier = createJwtVerifier({ issuer, audience, algorithms: ['HS256'], key: key as never });
  return {
    good: { authorization: `Bearer ${token}` },
    bad: { authorization: `Bearer ${token.slice(0, -8)}AAAAAAAA` },
    authenticator: verifier.authenticator(),
  };
}

/** One of 1,000 sessions in memory, as a browser sends its cookie. */
export async function sessionCredential(): Promise<Credential> {
  const sessions = createSessions({ storage: createMemoryStorage(), csrf: { origins: ['https://app.example.org'] } });
  const request: AuthRequest = {
    method: 'POST',
    url: '/',
    ip: undefined,
    header: (name) => (name === 'sec-fetch-site' ? 'same-origin' : undefined),
    headerValues: () => [],
  };
  let cookie = '';
  for (let i = 0; i < count; i++) {
    const append = (name: string, value: string): void => {
      if (name === 'set-cookie' && i === 500) cookie = value.split(';')[0] as string;
    };
    await sessions.signIn({ request, response: { append } }, { user: `user-${i}` });
  }
  return {
    good: { cookie: `theme=dark; locale=en-GB; ${cookie}` },
    bad: { cookie: `theme=dark; locale=en-GB; ${cookie.slice(0, -8)}AAAAAAAA` },
    authenticator: sessions.authenticator(),
  };
}

/** A guard that takes one kind of credential, with a role to look up and a permission to find in it. */
export function guardOf({ authenticator }: Credential): Guard<Principal> {
  return createGuard({
    authenticators: [authenticator],
    policy: createPolicy({ permissions: ['hello:read'], roles: { user: ['hello:read'] } }),
    roles: () => ['user'],
  }) as never;
}
