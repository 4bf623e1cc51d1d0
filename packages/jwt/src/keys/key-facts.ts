import type { AlgorithmFacts } from '../engine/algorithms.js';
import { invalidKey } from '../errors.js';
import type { KeyObjectLike } from './key-input.js';

/** What a key is for. */
export type KeyUse = 'verify' | 'sign';

/** What an imported key turned out to be, whichever engine imported it. */
export type KeyFacts =
  | { readonly type: 'secret'; readonly kty: 'oct'; readonly bytes: number }
  | { readonly type: 'public' | 'private'; readonly kty: 'RSA'; readonly modulus: number; readonly exponent: bigint }
  | { readonly type: 'public' | 'private'; readonly kty: 'EC' | 'OKP'; readonly curve: string }
  | { readonly type: 'secret' | 'public' | 'private'; readonly kty: 'other' };

const minimumModulus = 2048;
// A hostile key of 16,384 bits makes each check cost milliseconds.
const maximumModulus = 8192;
// FIPS 186-5 allows up to 2^256, but nobody uses more than 65537, and every further bit is work that a hostile key buys.
const exponentEnd = 1n << 32n;

/**
 * Refuses a key that does not fit its algorithm or is too weak for it, by the same rules in every engine: HMAC secrets
 * of at least the hash's length, RSA of 2048 to 8192 bits with an odd exponent from 3 to 2^32, and the algorithm's own curve.
 * @throws {JwtError} `invalid_key`
 * @see RFC 7518 sections 3.2 to 3.5
 */
export function checkKeyFacts(facts: AlgorithmFacts, key: KeyFacts, use: KeyUse, option: string): void {
  const { name, kty, bits, curve } = facts;
  if (key.kty !== kty) throw invalidKey(option, `${name} takes a key of type ${kty}`);
  if (key.kty === 'oct') {
    if (key.bytes * 8 < bits) throw invalidKey(option, `${name} takes a secret of at least ${bits / 8} bytes`);
    return;
  }
  if (use === 'verify' && key.type === 'private') {
    throw invalidKey(option, 'this is a private key; a verifier gets the public half only');
  }
  if (use === 'sign' && key.type !== 'private') throw invalidKey(option, 'signing takes the private half of the pair');
  if (key.kty === 'RSA') {
    if (key.modulus < minimumModulus || key.modulus > maximumModulus) {
      throw invalidKey(option, `an RSA key has ${minimumModulus} to ${maximumModulus} bits`);
    }
    if (key.exponent < 3n || key.exponent % 2n === 0n || key.exponent >= exponentEnd) {
      throw invalidKey(option, 'the exponent of an RSA key is odd, at least 3 and below 2^32; 65537 is usual');
    }
  } else if (key.curve !== curve) {
    throw invalidKey(option, `${name} takes a key on the curve ${curve}`);
  }
}

const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/** The facts of an asymmetric `KeyObject`. An RSA key that is bound to PSS parameters counts as "other": WebCrypto has none. */
export function factsOfKeyObject({ type, asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObjectLike): KeyFacts {
  if (type !== 'secret') {
    const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = asymmetricKeyDetails;
    if (asymmetricKeyType === 'rsa') return { type, kty: 'RSA', modulus: modulusLength, exponent: publicExponent };
    if (asymmetricKeyType === 'ec') return { type, kty: 'EC', curve: curves[namedCurve] ?? namedCurve };
    if (asymmetricKeyType === 'ed25519') return { type, kty: 'OKP', curve: 'Ed25519' };
  }
  return { type, kty: 'other' };
}

interface RsaKeyAlgorithmLike {
  readonly modulusLength: number;
  readonly publicExponent: Uint8Array;
}

/** The facts of an asymmetric `CryptoKey`. */
export function factsOfCryptoKey({ type, algorithm }: CryptoKey): KeyFacts {
  const { name } = algorithm;
  if (type !== 'secret') {
    if (name === 'RSASSA-PKCS1-v1_5' || name === 'RSA-PSS') {
      const { modulusLength, publicExponent } = algorithm as unknown as RsaKeyAlgorithmLike;
      const exponent = publicExponent.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      return { type, kty: 'RSA', modulus: modulusLength, exponent };
    }
    if (name === 'ECDSA') return { type, kty: 'EC', curve: (algorithm as EcKeyAlgorithm).namedCurve };
    if (name === 'Ed25519') return { type, kty: 'OKP', curve: 'Ed25519' };
  }
  return { type, kty: 'other' };
}
