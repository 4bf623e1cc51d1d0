import type { StoredParameters } from './algorithms.js';

/** What is derived from a password. */
export interface Derivation {
  readonly parameters: StoredParameters;
  /** Argon2's version; 19 but for hashes of old systems. */
  readonly version: number;
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  /** Bytes wanted. */
  readonly length: number;
}

/** One way to compute some of the algorithms. */
export interface HashEngine {
  /** Whether this engine has it here. */
  supports(derivation: Pick<Derivation, 'parameters' | 'version'>): boolean;
  /** Never blocks the event loop for longer than a few milliseconds at a time. */
  derive(derivation: Derivation): Promise<Uint8Array>;
}
