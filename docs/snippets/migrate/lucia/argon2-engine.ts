import { hashRaw } from '@node-rs/argon2';
import type { HashEngine } from '@portcullis/password';

/** Argon2id at native speed, before Node 24.7 has it. It stands before `portableEngine`, which takes seconds. */
export const argon2Engine: HashEngine = {
  supports: ({ parameters, version }) => parameters.algorithm === 'argon2id' && version === 19,
  derive({ parameters, password, salt, length }) {
    if (parameters.algorithm !== 'argon2id') throw new TypeError('asked for what it does not support');
    const { m: memoryCost, t: timeCost, p: parallelism } = parameters;
    const costs = { memoryCost, timeCost, parallelism, outputLen: length, salt };
    // Algorithm.Argon2id and Version.V0x13, which are no values where modules are compiled one by one.
    return hashRaw(password, { ...costs, algorithm: 2, version: 1 });
  },
};
