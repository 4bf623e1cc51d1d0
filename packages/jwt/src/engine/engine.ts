import type { MaybePromise } from '@portcullis/core';
import type { KeyInput } from '../keys/key-input.js';
import type { JwsAlgorithm } from './algorithms.js';

/**
 * Checks a signature under one key and one algorithm. `input` is `header.payload`, `signature` the third segment; both
 * are canonical base64url already. A signature that does not fit is `false`; it never throws and never rejects.
 */
export type CheckSignature = (input: string, signature: string) => MaybePromise<boolean>;

/** Signs `input` (`header.payload`) and gives the third segment. It may reject where the key lives elsewhere. */
export type Sign = (input: string) => MaybePromise<string>;

/**
 * The cryptography of JWS, behind one interface: native where the runtime has it (synchronous), WebCrypto through jose
 * elsewhere. Both check a key by the same rules when they import it, and import it once.
 */
export interface Engine {
  readonly name: 'native' | 'portable';
  /**
   * Imports a key that verifies: a secret, or the public half of a pair. A private key is refused.
   * @param option names the key in the error.
   * @throws {JwtError} `invalid_key`, also as a rejection.
   */
  checker(algorithm: JwsAlgorithm, key: KeyInput, option?: string): MaybePromise<CheckSignature>;
  /**
   * Imports a key that signs: a secret, or the private half of a pair.
   * @throws {JwtError} `invalid_key`, also as a rejection.
   */
  signer(algorithm: JwsAlgorithm, key: KeyInput, option?: string): MaybePromise<Sign>;
}
