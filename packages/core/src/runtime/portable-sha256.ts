import { sha256 } from '@noble/hashes/sha2.js';
import { encodeBase64url } from './base64url.js';

/** What Portcullis uses of @noble/hashes, whose SHA-256 runs everywhere. */
export interface PortableSha256 {
  (data: Uint8Array): Uint8Array;
  readonly create: () => PortableHash;
}

/** A SHA-256 under way. */
export interface PortableHash {
  update(data: Uint8Array): PortableHash;
  clone(): PortableHash;
  digest(): Uint8Array;
}

/** SHA-256 for runtimes without a native one-shot hash. */
export const portableSha256: PortableSha256 = sha256;

/** The same as base64url. Here, so that a bundle for Node leaves the encoder out too. */
export function portableText(data: Uint8Array): string {
  return encodeBase64url(sha256(data));
}
