import { invalidOption } from '../errors/core-errors.js';
import { decodeBase64url } from './base64url.js';

/**
 * Secret keys by id, so that one can be replaced without a stop: add the new key, make it `current` once every process
 * has it, and take the old one out when nothing made with it is alive any more.
 */
export interface KeyRing {
  /** The id of the key that new values are made with. */
  readonly current: string;
  /** Each key as bytes, or as their base64url without padding: `randomBytes(32).toString('base64url')`. */
  readonly keys: Readonly<Record<string, Uint8Array | string>>;
}

/** A checked copy of a key ring. */
export interface ParsedKeyRing {
  readonly current: string;
  readonly keys: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** What a ring's keys must be like. */
export interface KeyRingRule {
  readonly minBytes: number;
  readonly maxBytes: number;
}

const idPattern = /^[\w-]{1,32}$/;

/**
 * Checks and copies a key ring.
 * @throws {CoreError} `invalid_option` for no key, an id that is no short name, a key of a wrong length or two ids with one key.
 */
export function parseKeyRing(option: string, ring: KeyRing, { minBytes, maxBytes }: KeyRingRule): ParsedKeyRing {
  const size = minBytes === maxBytes ? `exactly ${minBytes}` : `${minBytes} to ${maxBytes}`;
  const mend = `give { current: 'k1', keys: { k1: ${size} random bytes, or their base64url } }`;
  if (typeof ring !== 'object' || ring === null || typeof ring.keys !== 'object' || ring.keys === null) {
    throw invalidOption(option, mend);
  }
  const keys = new Map<string, Uint8Array<ArrayBuffer>>();
  const seen = new Set<string>();
  for (const [id, value] of Object.entries(ring.keys)) {
    if (!idPattern.test(id)) throw invalidOption(`${option}.keys`, 'name keys with 1 to 32 letters, digits, _ and -');
    const bytes = typeof value === 'string' ? decodeBase64url(value) : value;
    if (!(bytes instanceof Uint8Array) || bytes.length < minBytes || bytes.length > maxBytes) {
      throw invalidOption(`${option}.keys.${id}`, `it must be ${size} bytes; ${mend}`);
    }
    const copy = new Uint8Array(bytes);
    if (copy.every((byte) => byte === copy[0]))
      throw invalidOption(`${option}.keys.${id}`, `it is not random; ${mend}`);
    seen.add(copy.join());
    keys.set(id, copy);
  }
  if (seen.size !== keys.size) throw invalidOption(`${option}.keys`, 'two ids have the same key; give each its own');
  if (!keys.has(ring.current)) throw invalidOption(`${option}.current`, `it names no key of the ring; ${mend}`);
  return { current: ring.current, keys };
}
