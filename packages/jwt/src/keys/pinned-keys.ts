import { andThen, isPromise, type MaybePromise } from '@portcullis/core';
import type { JwsAlgorithm } from '../engine/algorithms.js';
import type { CheckSignature, Engine } from '../engine/engine.js';
import { invalidOption } from '../errors.js';
import type { KeyInput } from './key-input.js';
import { type HeldKey, type KeySource, selectKey } from './key-source.js';

/** A key that is given in the configuration, with the one algorithm it verifies. */
export interface PinnedKey {
  readonly algorithm: JwsAlgorithm;
  readonly key: KeyInput;
  /** Without it the key fits tokens of every `kid`. */
  readonly kid?: string | undefined;
}

/** A check that waits for its key only as long as the key is being imported. */
function deferred(importing: PromiseLike<CheckSignature>): CheckSignature {
  return (input, signature) => importing.then((check) => check(input, signature));
}

/**
 * Keys out of the configuration. They are imported at once: by the native engine synchronously, so that a bad one is
 * thrown here; by the portable engine in the background, and `ready` tells.
 * @throws {JwtError} `invalid_key`; `invalid_option` for two keys of one algorithm that cannot be told apart.
 */
export function createPinnedKeys(engine: Engine, option: string, pinned: readonly PinnedKey[]): KeySource {
  const importing: PromiseLike<unknown>[] = [];
  const keys = pinned.map(({ algorithm, key, kid }, index): HeldKey => {
    const name = pinned.length === 1 ? option : `${option}[${index}]`;
    const check: MaybePromise<CheckSignature> = engine.checker(algorithm, key, name);
    if (!isPromise(check)) return { alg: algorithm, kid, check };
    // Its failure is told by `ready` and by each verification; unheard, it would end the process.
    check.then(undefined, () => undefined);
    importing.push(check);
    return { alg: algorithm, kid, check: deferred(check) };
  });
  for (const [index, { alg, kid }] of keys.entries()) {
    const twin = keys.findIndex((other) => other.alg === alg && (other.kid === kid || other.kid === undefined));
    if (twin !== -1 && twin !== index) {
      throw invalidOption(option, `two keys for ${alg} cannot be told apart; give each a kid of its own`);
    }
  }
  return Object.freeze({
    find: (hint) => selectKey(keys, hint),
    ready: () => andThen(importing.length === 0 ? undefined : Promise.all(importing), () => undefined),
  } satisfies KeySource);
}
