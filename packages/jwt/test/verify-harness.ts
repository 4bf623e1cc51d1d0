import { createHmac, createSecretKey, type KeyObject, sign as nodeSign } from 'node:crypto';
import { fakeClock, type FakeClock } from '@portcullis-internal/testkit';
import { nativeEngine } from '../src/engine/native-engine.js';
import { portableEngine } from '../src/engine/portable-engine.js';
import type { Engine } from '../src/engine/engine.js';
import { createJwtVerifier } from '../src/verify/create-jwt-verifier.js';
import type { JwtVerifier, VerifierSettings } from '../src/verify/jwt-verifier.js';
import type { IssuerOptions } from '../src/verify/issuer-options.js';
import type { TokenPrincipal } from '../src/verify/token-principal.js';
import type { JsonObject } from '../src/verify/strict-json.js';

/** Both engines, where the runtime has a native one: a test of the engines says that Node does. */
export const engines: readonly Engine[] =
  nativeEngine === undefined ? [portableEngine] : [nativeEngine, portableEngine];

export const issuer = 'https://auth.example.com';
export const audience = 'https://api.example.com';

/** A secret that is long enough for every HMAC algorithm. */
export const secret: Uint8Array = Uint8Array.from({ length: 64 }, (_, i) => (i * 37 + 11) & 255);

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** The claims of a good token; `undefined` leaves one out. */
export function goodClaims(now: number, claims: JsonObject = {}): JsonObject {
  const seconds = Math.floor(now / 1000);
  const all = {
    iss: issuer,
    aud: audience,
    sub: 'user-1',
    client_id: 'app',
    jti: 'token-1',
    iat: seconds,
    exp: seconds + 900,
    scope: 'posts:read posts:write',
    ...claims,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Signs by node:crypto itself, so that no code under test made the token. */
export function signText(alg: string, input: string, key: Uint8Array | KeyObject): string {
  if (alg.startsWith('HS')) {
    const hmacKey = key instanceof Uint8Array ? createSecretKey(key) : key;
    return createHmac(`sha${alg.slice(2)}`, hmacKey)
      .update(input)
      .digest('base64url');
  }
  const hash = alg === 'EdDSA' || alg === 'Ed25519' ? null : `sha${alg.slice(2)}`;
  // As text, because the node:crypto of Workers takes no KeyObject beside options.
  const privateKey = (key as KeyObject).export({ format: 'pem', type: 'pkcs8' }) as string;
  const options = alg.startsWith('PS')
    ? { key: privateKey, padding: 6, saltLength: -1 }
    : { key: privateKey, dsaEncoding: 'ieee-p1363' as const };
  return nodeSign(hash, Buffer.from(input), options).toString('base64url');
}

/** A token out of a header's and a payload's exact text. */
export function mintText(alg: string, header: string, payload: string, key: Uint8Array | KeyObject = secret): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${signText(alg, input, key)}`;
}

/** A token, by default HS256 under `secret`, of the type that the verifier wants. */
export function mint(claims: unknown, header: JsonObject = {}, key: Uint8Array | KeyObject = secret): string {
  const complete = { alg: 'HS256', typ: 'at+jwt', ...header };
  return mintText(complete.alg, JSON.stringify(complete), JSON.stringify(claims), key);
}

/** A verifier of this harness' tokens, its clock, and what a token comes to. */
export interface VerifierHarness {
  readonly clock: FakeClock;
  readonly verifier: JwtVerifier;
  /** `verified`, `unavailable`, or the fault. */
  judge(token: string): Promise<string>;
  /** Judges a token that is good but for these claims and header members. */
  judgeClaims(claims: JsonObject, header?: JsonObject): Promise<string>;
}

type Settings = Partial<IssuerOptions> & VerifierSettings<JsonObject, TokenPrincipal>;

export function verifierHarness(options: Settings = {}): VerifierHarness {
  const clock = fakeClock();
  const verifier = createJwtVerifier({
    issuer,
    audience,
    algorithms: ['HS256'],
    key: secret,
    clock,
    ...options,
  } as IssuerOptions);
  const judge = async (token: string): Promise<string> => {
    const result = await verifier.verify(token);
    return result.outcome === 'rejected' ? result.fault : result.outcome;
  };
  return { clock, verifier, judge, judgeClaims: (claims, header) => judge(mint(goodClaims(clock(), claims), header)) };
}
