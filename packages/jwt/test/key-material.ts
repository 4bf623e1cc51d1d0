import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { JwsAlgorithm } from '../src/engine/algorithms.js';
import type { Jwk } from '../src/keys/key-input.js';
import { secret } from './verify-harness.js';

/** One pair in all its forms. */
export interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly publicJwk: Jwk;
  readonly privateJwk: Jwk;
  readonly publicPem: string;
  readonly privatePem: string;
}

function forms({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): Pair {
  return {
    publicKey,
    privateKey,
    publicJwk: publicKey.export({ format: 'jwk' }) as Jwk,
    privateJwk: privateKey.export({ format: 'jwk' }) as Jwk,
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }) as string,
    privatePem: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  };
}

export const rsa: Pair = forms(generateKeyPairSync('rsa', { modulusLength: 2048 }));
export const ed25519: Pair = forms(generateKeyPairSync('ed25519'));
export const p256: Pair = forms(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
/** Another key of the same kind: an impostor's. */
export const otherP256: Pair = forms(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
export const p384: Pair = forms(generateKeyPairSync('ec', { namedCurve: 'P-384' }));
const p521: Pair = forms(generateKeyPairSync('ec', { namedCurve: 'P-521' }));

/** A key of the kind that an algorithm takes. */
export const pairOf: Readonly<Partial<Record<JwsAlgorithm, Pair>>> = {
  EdDSA: ed25519,
  Ed25519: ed25519,
  ES256: p256,
  ES384: p384,
  ES512: p521,
  PS256: rsa,
  PS384: rsa,
  PS512: rsa,
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
};

export const allAlgorithms = [
  'HS256',
  'HS384',
  'HS512',
  ...(Object.keys(pairOf) as JwsAlgorithm[]),
] as const satisfies readonly JwsAlgorithm[];

/** What verifies, and what signs, for any algorithm. */
export function keysOf(alg: JwsAlgorithm): { readonly verify: Jwk; readonly sign: Jwk } {
  const pair = pairOf[alg];
  if (pair !== undefined) return { verify: pair.publicJwk, sign: pair.privateJwk };
  const jwk: Jwk = { kty: 'oct', k: Buffer.from(secret).toString('base64url') };
  return { verify: jwk, sign: jwk };
}
