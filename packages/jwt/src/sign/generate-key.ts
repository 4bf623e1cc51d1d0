import { encodeBase64url, type Random } from '@portcullis/core';
import type { Jwk } from '../keys/key-input.js';
import type { SigningAlgorithm } from './signing-algorithm.js';

// 3072 bits are the 128-bit strength of ASVS 11.2.3.
const rsa = { modulusLength: 3072, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };

/** A fresh private key as a JWK: Ed25519, P-256, RSA of 3072 bits, or 256 bits of a secret. */
export async function generateKey(algorithm: SigningAlgorithm, random: Random): Promise<Jwk> {
  switch (algorithm) {
    case 'HS256':
      return { kty: 'oct', k: encodeBase64url(random(32)) };
    case 'EdDSA':
      return exported({ name: 'Ed25519' });
    case 'ES256':
      return exported({ name: 'ECDSA', namedCurve: 'P-256' });
    case 'PS256':
      return exported({ name: 'RSA-PSS', ...rsa });
    case 'RS256':
      return exported({ name: 'RSASSA-PKCS1-v1_5', ...rsa });
  }
}

async function exported(parameters: Algorithm | EcKeyGenParams | RsaHashedKeyGenParams): Promise<Jwk> {
  const pair = (await crypto.subtle.generateKey(parameters, true, ['sign', 'verify'])) as CryptoKeyPair;
  const {
    key_ops: _operations,
    ext: _extractable,
    alg: _name,
    ...jwk
  } = await crypto.subtle.exportKey('jwk', pair.privateKey);
  return jwk as Jwk;
}
