import { sha256 } from '../runtime/sha256.js';

const plain = /^[\w.:-]{1,80}$/;

/**
 * The counter's key for one caller: as it is where every storage can hold it, hashed otherwise (an email address, a name
 * that an attacker made long). The `=` keeps the two forms apart.
 */
export function counterKey(prefix: string, key: string): string {
  return `${prefix}:${plain.test(key) ? key : `=${sha256(key)}`}`;
}

/** Names are written into header fields and counter keys. */
export const policyName: RegExp = /^[a-z][a-z\d_.-]{0,39}$/;
