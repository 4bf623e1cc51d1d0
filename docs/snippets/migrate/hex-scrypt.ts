import { scrypt, timingSafeEqual } from 'node:crypto';
import type { LegacyVerifier } from '@portcullis/password';

const shape = /^(?:s2:)?([\da-f]{32}):([\da-f]{128})$/;

/** `salt:key` in hexadecimal digits, as better-auth and Lucia store passwords: scrypt with N 16384, r 16, p 1. */
export const hexScrypt: LegacyVerifier = {
  reads: (stored) => shape.test(stored),
  verify(password, stored) {
    const [, salt = '', key = ''] = shape.exec(stored) ?? [];
    const options = { N: 16_384, r: 16, p: 1, maxmem: 64 * 1024 * 1024 };
    return new Promise((resolve, reject) => {
      // The salt is its digits, not the bytes that they write.
      scrypt(password.normalize('NFKC'), salt, 64, options, (error, derived) => {
        if (error) reject(error);
        else resolve(timingSafeEqual(derived, Buffer.from(key, 'hex')));
      });
    });
  },
};
