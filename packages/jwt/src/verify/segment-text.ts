import { decodeBase64url } from '@portcullis/core';
import { nativeRuntime } from '../engine/native-runtime.js';
import { createScratch } from '../engine/native-scratch.js';

// ignoreBOM keeps a byte order mark in the text, where JSON refuses it.
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const nativeBytes = /* @__PURE__ */ (() => nativeRuntime && createScratch(nativeRuntime, 'base64url'))();

const values: Uint8Array = /* @__PURE__ */ (() => {
  const table = new Uint8Array(128);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i;
  return table;
})();

/**
 * Whether the segment of `token` from `start` to `end`, whose characters are known to be of the base64url alphabet, is
 * canonical: a possible length, and no bits set after the last byte.
 * @see RFC 4648 section 3.5
 */
export function isCanonical(token: string, start: number, end: number): boolean {
  const rest = (end - start) & 3;
  if (rest === 0) return true;
  if (rest === 1) return false;
  return ((values[token.charCodeAt(end - 1)] as number) & (rest === 2 ? 15 : 3)) === 0;
}

function strictly(bytes: Uint8Array | undefined): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The UTF-8 text in a canonical segment; `undefined` when its bytes are not UTF-8. */
export function segmentText(segment: string): string | undefined {
  if (nativeBytes === undefined) return strictly(decodeBase64url(segment));
  const bytes = nativeBytes(segment);
  const text = bytes.toString();
  // Buffer writes U+FFFD for what is not UTF-8; the strict decoder, which costs more, tells that from a U+FFFD that was sent.
  return text.includes('\ufffd') ? strictly(bytes) : text;
}
