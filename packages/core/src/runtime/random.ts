import { CoreError, invalidOption } from '../errors/core-errors.js';
import { encodeBase64url } from './base64url.js';
import type { Random } from './environment.js';

const poolSize = 4096;
// The web's limit for one getRandomValues call.
const quota = 65_536;

/**
 * Draws from `fill` in blocks and hands the bytes out once: what was handed out is wiped from the pool.
 * A single draw from the operating system costs about 25 times as much. The pool is filled on first use, so that neither
 * a start-up snapshot nor a Worker's global scope holds any.
 */
export function pooledRandom(fill: (bytes: Uint8Array<ArrayBuffer>) => void): Random {
  let pool: Uint8Array<ArrayBuffer> | undefined;
  let used = poolSize;
  return (count) => {
    if (count > poolSize / 4) {
      const bytes = new Uint8Array(count);
      for (let i = 0; i < count; i += quota) fill(bytes.subarray(i, i + quota));
      return bytes;
    }
    pool ??= new Uint8Array(poolSize);
    if (used + count > poolSize) {
      fill(pool);
      used = 0;
    }
    const bytes = pool.slice(used, used + count);
    pool.fill(0, used, used + count);
    used += count;
    return bytes;
  };
}

/** Fresh bytes from the runtime's CSPRNG, drawn in blocks. The caller owns the array. */
export const random: Random = /* @__PURE__ */ pooledRandom((bytes) => {
  crypto.getRandomValues(bytes);
});

/**
 * An unguessable token: `bytes` random bytes as base64url.
 * @param bytes 16 (128 bits) to 1024. Default 32.
 * @throws {CoreError} `invalid_option` below 16: ASVS 11.5.1 asks for 128 bits.
 */
export function randomToken(bytes: number = 32, source: Random = random): string {
  if (!Number.isInteger(bytes) || bytes < 16 || bytes > 1024) throw invalidOption('bytes', 'use 16 (128 bits) to 1024');
  const raw = source(bytes);
  const token = encodeBase64url(raw);
  raw.fill(0);
  return token;
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
// The largest multiple of 62 in a byte: bytes from here on would make the first characters likelier.
const fair = 248;

/**
 * `length` characters of base62, each equally likely (5.95 bits). 22 characters are 128 bits; fewer make a public id, not a secret.
 * @throws {CoreError} `invalid_option` when `source` gives nothing usable, so that a broken generator is no endless loop.
 */
export function randomBase62(length: number, source: Random = random): string {
  let text = '';
  for (let round = 0; round < 100; round++) {
    const raw = source(length - text.length + 4);
    for (let i = 0; i < raw.length && text.length < length; i++) {
      const value = raw[i] as number;
      if (value < fair) text += base62.charAt(value % 62);
    }
    raw.fill(0);
    if (text.length >= length) return text;
  }
  throw new CoreError('invalid_option', 'random: it gave no usable bytes in 100 calls; use a cryptographic generator');
}
