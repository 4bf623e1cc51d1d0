import type { CollectionDefinition, StoredRecord } from '@portcullis/core';
import type { SigningAlgorithm } from './signing-algorithm.js';

/** A signing key as it is stored. Its public half is not: it is derived from what only the sealing key can have written. */
export interface StoredSigningKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** Absolute milliseconds. */
  readonly signsFrom: number;
  /** The private JWK under a key of the sealer's ring, bound to the set, the kid and the algorithm. */
  readonly sealed: string;
}

/** A whole key set in one row, so that every change of it is one compare-and-set. Keys are in the order of their turns. */
export interface SigningKeySetRecord extends StoredRecord {
  readonly keys: readonly StoredSigningKey[];
}

/** Where key sets live. Pass it to the storage's migrations. */
export const signingKeyCollection: CollectionDefinition<SigningKeySetRecord> = Object.freeze({
  name: 'jwt_signing_keys',
});
