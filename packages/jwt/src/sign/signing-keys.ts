import type { MaybePromise } from '@portcullis/core';
import type { Sign } from '../engine/engine.js';
import type { KeyHint, KeyLookup, KeySource } from '../keys/key-source.js';
import type { JwkSet } from '../keys/jwk-set.js';
import type { SigningAlgorithm } from './signing-algorithm.js';

/** The key that signs now. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly sign: Sign;
}

/**
 * The keys that tokens are signed with: `next` is published before it signs, `current` signs, `previous` stays until
 * what it signed has expired. A verifier in the same process takes them as its keys as they are.
 */
export interface SigningKeys extends KeySource {
  /** Synchronous once the keys are loaded. */
  current(): MaybePromise<SigningKey>;
  /** Every public key that a verifier may need now or soon. Secrets (HS256) are never in it. */
  jwks(): MaybePromise<JwkSet>;
  /** How long a verifier may keep `jwks()`, milliseconds. */
  readonly jwksMaxAgeMs: number;
  /** The longest life of a token that `previous` keys are kept for, milliseconds; `Infinity` for keys that are given. */
  readonly maxTokenLifetimeMs: number;
  find(hint: KeyHint): MaybePromise<KeyLookup>;
  onRemoved(listener: () => void): () => void;
  ready(): MaybePromise<void>;
}
