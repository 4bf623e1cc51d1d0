import { portableSha256 } from '#portable-sha256';
import { encodeBase64url } from './base64url.js';
import { timingSafeEqual } from './constant-time.js';
import { type NativeCrypto, nativeCrypto } from './native-crypto.js';
import { latin1Bytes, sha256Bytes } from './sha256.js';
import { utf8, writeUtf8 } from './utf8.js';

const block = 64;
const scratch = 4096;

/** HMAC-SHA256 under one key. Strings are taken as UTF-8. Synchronous, and safe to share. */
export interface Hmac {
  /** As 43 characters of base64url. */
  text(message: string | Uint8Array): string;
  /** As 32 bytes that the caller owns. */
  bytes(message: string | Uint8Array): Uint8Array;
  /** Whether `mac` is the base64url of the message's MAC, in constant time. */
  verify(message: string | Uint8Array, mac: string): boolean;
}

function pad(key: Uint8Array, mask: number, size: number): Uint8Array {
  const padded = new Uint8Array(size).fill(mask, 0, block);
  const short = key.length > block ? sha256Bytes(key) : key;
  for (let i = 0; i < short.length; i++) padded[i] = (short[i] as number) ^ mask;
  return padded;
}

function finish(text: Hmac['text'], bytes: Hmac['bytes']): Hmac {
  return { text, bytes, verify: (message, mac) => timingSafeEqual(text(message), mac) };
}

/** HMAC by @noble/hashes: every runtime. The two key blocks are hashed once. */
export function nobleHmac(key: Uint8Array): Hmac {
  const inner = portableSha256.create().update(pad(key, 0x36, block));
  const outer = portableSha256.create().update(pad(key, 0x5c, block));
  const bytes: Hmac['bytes'] = (message) =>
    outer
      .clone()
      .update(inner.clone().update(utf8(message)).digest())
      .digest();
  return finish((message) => encodeBase64url(bytes(message)), bytes);
}

/** HMAC by two one-shot hashes over pads that are laid out once: half the cost of Node's own Hmac object. */
export function nativeHmac(key: Uint8Array, { hash }: NativeCrypto): Hmac {
  const inner = pad(key, 0x36, block + scratch);
  const body = inner.subarray(block);
  const outer = pad(key, 0x5c, block + 32);

  function layOut(message: string | Uint8Array): Uint8Array {
    if (typeof message === 'string' && message.length * 3 <= scratch)
      return inner.subarray(0, block + writeUtf8(message, body));
    const data = utf8(message);
    const target = data.length <= scratch ? inner : pad(key, 0x36, block + data.length);
    target.set(data, block);
    return target.subarray(0, block + data.length);
  }

  function run(message: string | Uint8Array, encoding: 'base64url' | 'latin1'): string {
    latin1Bytes(hash('sha256', layOut(message), 'latin1'), outer, block);
    return hash('sha256', outer, encoding);
  }

  return finish(
    (message) => run(message, 'base64url'),
    (message) => latin1Bytes(run(message, 'latin1')),
  );
}

/**
 * HMAC-SHA256 under `key`, which is copied. Any key length is taken, as the RFC does; who calls this checks that the
 * key has at least 32 bytes.
 * @see RFC 2104, RFC 4231
 */
export function createHmac(key: Uint8Array): Hmac {
  const copy = key.slice();
  const native = nativeCrypto();
  return native ? nativeHmac(copy, native) : nobleHmac(copy);
}
