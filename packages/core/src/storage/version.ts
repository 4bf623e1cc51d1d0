import type { Random } from '../runtime/environment.js';
import type { Version } from './storage.js';

const hex: readonly string[] = /* @__PURE__ */ Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/**
 * A version that no other write of any process will ever carry: 128 random bits as hex.
 *
 * Made by the process, not by the database, so that a `create` that was sent twice recognises the record as its own. Random, not counted:
 * a counter would start again in a restored backup or a cloned virtual machine.
 */
export function createVersion(random: Random = systemRandom): Version {
  let text = '';
  for (const byte of random(16)) text += hex[byte];
  return text;
}

function systemRandom(count: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(count));
}
