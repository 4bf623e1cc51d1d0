import { CoreError } from '../errors/core-errors.js';
import { decodeBase64url, encodeBase64url } from './base64url.js';
import type { Random } from './environment.js';
import { type KeyRing, parseKeyRing } from './key-ring.js';
import { random as runtimeRandom } from './random.js';
import { utf8 } from './utf8.js';

/** Encrypts what must be read again: provider tokens, signing keys, TOTP secrets, sealed cookies. */
export interface Sealer {
  /** The id of the key that `seal` uses. */
  readonly current: string;
  /** AES-256-GCM under the current key. `context` is authenticated, not stored: the same one opens it. */
  seal(plaintext: string, context: string): Promise<string>;
  /** The plaintext, or `undefined` when the text was changed, made for another context, or under a key that is not in the ring. */
  open(sealed: string, context: string): Promise<string | undefined>;
  /** Whether a sealed text should be sealed anew, because its key is no longer the current one. */
  isOutdated(sealed: string): boolean;
}

const ivBytes = 12;
const shape = /^([\w-]{1,32})\.([\w-]{16})\.([\w-]{22,})$/;

/**
 * Makes a sealer over a ring of 32-byte keys. The text is `keyId.iv.ciphertext`; the key's id and the context are authenticated.
 * A random 96-bit IV allows 2^32 seals under one key (NIST SP 800-38D section 8.3): rotate long before.
 * @throws {CoreError} `invalid_option` for a ring that is no ring of 32-byte keys.
 */
export function createSealer(
  ring: KeyRing,
  { option = 'encryptionKeys', random = runtimeRandom }: { readonly option?: string; readonly random?: Random } = {},
): Sealer {
  const { current, keys } = parseKeyRing(option, ring, { minBytes: 32, maxBytes: 32 });
  const imported = new Map<string, Promise<CryptoKey>>();

  function keyOf(id: string): Promise<CryptoKey> | undefined {
    const bytes = keys.get(id);
    if (bytes === undefined) return undefined;
    let key = imported.get(id);
    if (key === undefined) {
      key = crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
      imported.set(id, key);
    }
    return key;
  }

  const parameters = (iv: Uint8Array, id: string, context: string): AesGcmParams => ({
    name: 'AES-GCM',
    iv: iv.slice(),
    // The length stands first, so that no id and context can be read as others.
    additionalData: utf8(`portcullis seal v1!${id.length}!${id}!${context}`).slice(),
  });

  return {
    current,
    async seal(plaintext, context) {
      const key = await keyOf(current);
      if (key === undefined) throw new CoreError('invalid_option', `${option}.current names no key.`);
      const iv = random(ivBytes);
      const sealed = await crypto.subtle.encrypt(parameters(iv, current, context), key, utf8(plaintext).slice());
      return `${current}.${encodeBase64url(iv)}.${encodeBase64url(new Uint8Array(sealed))}`;
    },
    async open(text, context) {
      const [, id = '', ivText = '', bodyText = ''] = shape.exec(text) ?? [];
      const iv = decodeBase64url(ivText);
      const body = decodeBase64url(bodyText);
      const key = await keyOf(id);
      if (key === undefined || iv === undefined || body === undefined) return undefined;
      try {
        const opened = await crypto.subtle.decrypt(parameters(iv, id, context), key, body.slice());
        return new TextDecoder('utf-8', { fatal: true }).decode(opened);
      } catch {
        return undefined;
      }
    },
    isOutdated: (sealed) => shape.exec(sealed)?.[1] !== current,
  };
}
