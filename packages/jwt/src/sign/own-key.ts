import { type MaybePromise, andThen } from '@portcullis/core';
import { algorithmFacts } from '../engine/algorithms.js';
import { defaultEngine } from '../engine/default-engine.js';
import type { CheckSignature, Sign } from '../engine/engine.js';
import { JwtError } from '../errors.js';
import type { Jwk } from '../keys/key-input.js';
import type { KeyHint, KeyLookup } from '../keys/key-source.js';
import { publicJwk } from './jwk.js';
import type { SigningAlgorithm } from './signing-algorithm.js';

/** A key of ours, imported. */
export interface ImportedKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly sign: Sign;
  readonly check: CheckSignature;
  /** `undefined` for a secret. */
  readonly publicJwk: Jwk | undefined;
}

const unknown: KeyLookup = Object.freeze({ outcome: 'unknown' });

/** Our key that a header names. Ours always name theirs, so that a header without an id names none. */
export function lookUp(keys: readonly ImportedKey[], { alg, kid }: KeyHint): KeyLookup {
  const key = keys.find((one) => one.kid === kid && one.algorithm === alg);
  return key === undefined ? unknown : { outcome: 'found', check: key.check };
}

/**
 * Imports a private JWK for signing, and its public half for checking.
 * @throws {JwtError} `invalid_key`, also as a rejection.
 */
export function importOwnKey(
  jwk: Jwk,
  kid: string,
  algorithm: SigningAlgorithm,
  option: string,
): MaybePromise<ImportedKey> {
  const shared = algorithm === 'HS256' ? undefined : publicJwk(jwk, kid, algorithm);
  return andThen(defaultEngine.signer(algorithm, jwk, option), (sign) =>
    andThen(defaultEngine.checker(algorithm, shared ?? jwk, option), (check) => ({
      kid,
      algorithm,
      sign,
      check,
      publicJwk: shared,
    })),
  );
}

/**
 * A `Sign` over a signer elsewhere (a KMS or an HSM). The signature's length is checked, because several services give
 * ECDSA signatures in DER, which no verifier takes.
 */
export function externalSign(
  algorithm: SigningAlgorithm,
  signBytes: (input: Uint8Array<ArrayBuffer>) => MaybePromise<Uint8Array>,
  encode: (bytes: Uint8Array) => string,
): Sign {
  const expected = algorithmFacts(algorithm)?.signatureLength;
  const finish = (bytes: Uint8Array): string => {
    const text = encode(bytes);
    if (expected !== undefined && text.length !== expected) {
      throw new JwtError(
        'signing_failed',
        'The external signer gave a signature of another length. For ECDSA convert DER to r || s.',
      );
    }
    return text;
  };
  return (input) => andThen(signBytes(new TextEncoder().encode(input)), finish);
}
