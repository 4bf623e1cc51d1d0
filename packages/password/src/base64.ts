import { decodeBase64url, encodeBase64url } from '@portcullis/core';

/** Unpadded standard base64, as PHC strings use it. */
export function encodeBase64(bytes: Uint8Array): string {
  return encodeBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/');
}

/** The bytes, or `undefined` where the text is padded, not canonical or in another alphabet. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (/[-_]/.test(text)) return undefined;
  return decodeBase64url(text.replaceAll('+', '-').replaceAll('/', '_')) ?? undefined;
}
