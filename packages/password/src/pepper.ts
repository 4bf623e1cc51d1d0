import { createHmac, type KeyRing, parseKeyRing } from '@portcullis/core';
import { PasswordError } from './errors.js';

export interface Pepper {
  readonly current: string | undefined;
  /** The password's bytes, keyed; unchanged for a hash that names no key. */
  mix(password: Uint8Array, keyId: string | undefined): Uint8Array;
}

/**
 * A secret that is mixed into every password and kept apart from the storage (CS Password). Keys of at least 32 bytes rotate
 * by id: keep an old one until no stored hash names it.
 * @throws {CoreError} `invalid_option` for a ring with a short key.
 */
export function createPepper(ring: KeyRing | undefined): Pepper {
  const parsed = ring && parseKeyRing('pepper', ring, { minBytes: 32, maxBytes: 128 });
  const keys = new Map([...(parsed?.keys ?? [])].map(([id, key]) => [id, createHmac(key)]));
  return {
    current: parsed?.current,
    mix(password, keyId) {
      if (keyId === undefined) return password;
      const hmac = keys.get(keyId);
      if (hmac === undefined) throw new PasswordError('password_pepper_unknown');
      return hmac.bytes(password);
    },
  };
}
