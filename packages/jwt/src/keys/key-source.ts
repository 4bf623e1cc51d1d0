import type { MaybePromise } from '@portcullis/core';
import type { JwsAlgorithm } from '../engine/algorithms.js';
import type { CheckSignature } from '../engine/engine.js';

/** What a token's header says about its key. Unverified: compared, and never used as a name of anything. */
export interface KeyHint {
  readonly alg: JwsAlgorithm;
  readonly kid: string | undefined;
}

/** The one key that fits, or why there is none. */
export type KeyLookup =
  | { readonly outcome: 'found'; readonly check: CheckSignature }
  /** No key fits, or more than one does (which is no match either). */
  | { readonly outcome: 'unknown' }
  /** The keys could not be learned: nobody can tell. */
  | { readonly outcome: 'unavailable'; readonly cause: unknown; readonly retryAfterSeconds: number | undefined };

/** Where a verifier finds the keys of one issuer. An issuer in the same process can be one itself. */
export interface KeySource {
  find(hint: KeyHint): MaybePromise<KeyLookup>;
  /** Calls back when a key is no longer to be trusted, so that what was verified with it is forgotten. */
  onRemoved?(listener: () => void): () => void;
  /** Resolves when keys can be used, and rejects when they cannot: for start-up checks. */
  ready?(): MaybePromise<void>;
}

/** A key with the one algorithm it is for. */
export interface HeldKey {
  readonly alg: JwsAlgorithm;
  readonly kid: string | undefined;
  readonly check: CheckSignature;
  /** What tells this key from another of the same id. */
  readonly material?: string | undefined;
}

const unknown: KeyLookup = Object.freeze({ outcome: 'unknown' });

/**
 * The one key that fits a header. A key fits when its algorithm is the token's, and its id is the token's; a key or a
 * token that names no id fits by its algorithm alone. Two that fit are no match: nobody could say which was meant.
 */
export function selectKey(keys: readonly HeldKey[], { alg, kid }: KeyHint): KeyLookup {
  let found: HeldKey | undefined;
  for (const key of keys) {
    if (key.alg !== alg || (kid !== undefined && key.kid !== undefined && key.kid !== kid)) continue;
    if (found !== undefined) return unknown;
    found = key;
  }
  return found === undefined ? unknown : { outcome: 'found', check: found.check };
}
