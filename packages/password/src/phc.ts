import { decodeBase64, encodeBase64 } from './base64.js';

/** A password hash in the PHC string format, taken apart. */
export interface PhcHash {
  /** `scrypt`, `argon2id`, `pbkdf2-sha256` … */
  readonly id: string;
  /** `v=`; only argon2 has one. */
  readonly version: number | undefined;
  readonly params: Readonly<Record<string, number>>;
  /** `keyid=`: the pepper that was mixed in. */
  readonly keyId: string | undefined;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

// Bounded in every part, so that a hostile row of a migrated database costs nothing to refuse.
const shape =
  /^\$([a-z0-9-]{1,32})(?:\$v=(\d{1,10}))?\$([a-z]{1,32}=[\w+/.-]{1,64}(?:,[a-z]{1,32}=[\w+/.-]{1,64}){0,7})\$([A-Za-z0-9+/]{1,100})\$([A-Za-z0-9+/]{1,700})$/;
const decimal = /^(?:0|[1-9]\d{0,9})$/;

/**
 * Reads a PHC string. `undefined` when it breaks the format: a repeated or unknown kind of parameter value, a number with
 * leading zeros, base64 that is padded or not canonical.
 *
 * @see https://github.com/P-H-C/phc-string-format
 */
export function parsePhc(text: string): PhcHash | undefined {
  const [, id, v, list = '', saltText = '', hashText = ''] = shape.exec(text) ?? [];
  if (id === undefined) return undefined;
  const params = new Map<string, number>();
  let keyId: string | undefined;
  for (const part of list.split(',')) {
    const at = part.indexOf('=');
    const name = part.slice(0, at);
    const value = part.slice(at + 1);
    if (params.has(name) || (name === 'keyid' && keyId !== undefined)) return undefined;
    if (name === 'keyid') keyId = value;
    else if (decimal.test(value)) params.set(name, Number(value));
    else return undefined;
  }
  const salt = decodeBase64(saltText);
  const hash = decodeBase64(hashText);
  if (salt === undefined || hash === undefined) return undefined;
  return {
    id,
    version: v === undefined ? undefined : Number(v),
    params: Object.fromEntries(params),
    keyId,
    salt,
    hash,
  };
}

/** Writes a PHC string: the inverse of `parsePhc`. */
export function formatPhc({ id, version, params, keyId, salt, hash }: PhcHash): string {
  const list = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  if (keyId !== undefined) list.push(`keyid=${keyId}`);
  const v = version === undefined ? '' : `$v=${version}`;
  return `$${id}${v}$${list.join(',')}$${encodeBase64(salt)}$${encodeBase64(hash)}`;
}
