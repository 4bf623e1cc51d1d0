import { portableSha256, portableText } from '#portable-sha256';
import { type NativeCrypto, nativeCrypto } from './native-crypto.js';
import { utf8 } from './utf8.js';

/** SHA-256 in the two forms Portcullis needs. Strings are hashed as UTF-8. */
export interface Sha256 {
  /** As 43 characters of base64url: on Node a string out of the native hash costs half of a Buffer. */
  readonly text: (data: string | Uint8Array) => string;
  /** As 32 bytes that the caller owns. */
  readonly bytes: (data: string | Uint8Array) => Uint8Array;
}

/** SHA-256 by @noble/hashes: every runtime, but not in what is built for Node, which has its own. */
export const nobleSha256: Sha256 = {
  text: (data) => portableText(utf8(data)),
  bytes: (data) => portableSha256(utf8(data)),
};

/** The 32 bytes of a string that has one character a byte. */
export function latin1Bytes(text: string, target: Uint8Array = new Uint8Array(text.length), offset = 0): Uint8Array {
  for (let i = 0; i < text.length; i++) target[offset + i] = text.charCodeAt(i);
  return target;
}

function over({ hash }: NativeCrypto): Sha256 {
  return {
    text: (data) => hash('sha256', data, 'base64url'),
    bytes: (data) => latin1Bytes(hash('sha256', data, 'latin1')),
  };
}

/** SHA-256 by the runtime's one-shot `crypto.hash`, or `undefined` where there is none. */
export function nativeSha256(): Sha256 | undefined {
  const native = nativeCrypto();
  return native && over(native);
}

let chosen: Sha256 | undefined;

function implementation(): Sha256 {
  return (chosen ??= nativeSha256() ?? nobleSha256);
}

/**
 * The SHA-256 of a string's UTF-8 (or of bytes) as 43 characters of base64url, synchronously.
 * A lone surrogate hashes like U+FFFD: compare only strings whose alphabet has been checked.
 */
export function sha256(data: string | Uint8Array): string {
  return implementation().text(data);
}

/** The SHA-256 of a string's UTF-8 (or of bytes) as 32 bytes, synchronously. */
export function sha256Bytes(data: string | Uint8Array): Uint8Array {
  return implementation().bytes(data);
}
