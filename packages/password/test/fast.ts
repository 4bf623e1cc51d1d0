import { scryptSync } from 'node:crypto';
import type { HashEngine } from '../src/index.js';

/** Counts derivations and answers at once: for tests of what surrounds the hashing. Its answer depends on every input. */
export function countingEngine(): HashEngine & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    supports: () => true,
    async derive({ parameters, password, salt, length }) {
      asked.push(parameters.algorithm);
      return scryptSync(password, Buffer.concat([salt, Buffer.from(JSON.stringify(parameters))]), length, { N: 2 });
    },
  };
}
