import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createNativeEngine, createPasswords, portableEngine, totpCode } from '../src/index.js';
import { formatPhc, parsePhc } from '../src/phc.js';
import argon2 from './vectors/argon2_vectors.json' with { type: 'json' };
import totp from './vectors/rfc6238-totp.json' with { type: 'json' };
import pbkdf2 from './vectors/rfc7914-pbkdf2-sha256.json' with { type: 'json' };
import scrypt from './vectors/rfc7914-scrypt.json' with { type: 'json' };

const bytes = (text: string) => new TextEncoder().encode(text);
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex');
const engines = { native: createNativeEngine(), portable: portableEngine };

describe('scrypt, RFC 7914', () => {
  for (const { password, salt, N, r, p, dkLen, hex: expected } of scrypt.vectors.filter(({ N }) => N < 2 ** 20)) {
    for (const [name, engine] of Object.entries(engines)) {
      it(`${name} knows N=${N} r=${r} p=${p}`, async () => {
        const parameters = { algorithm: 'scrypt', ln: Math.log2(N), r, p } as const;
        const derived = await engine.derive({
          parameters,
          version: 19,
          password: bytes(password),
          salt: bytes(salt),
          length: dkLen,
        });
        expect(hex(derived)).toBe(expected);
      });
    }
  }
});

describe('PBKDF2-HMAC-SHA256, RFC 7914', () => {
  for (const { password, salt, iterations, dkLen, hex: expected } of pbkdf2.vectors) {
    for (const [name, engine] of Object.entries(engines)) {
      it(`${name} knows ${iterations} iterations`, async () => {
        const parameters = { algorithm: 'pbkdf2-sha256', i: iterations } as const;
        const derived = await engine.derive({
          parameters,
          version: 19,
          password: bytes(password),
          salt: bytes(salt),
          length: dkLen,
        });
        expect(hex(derived)).toBe(expected);
      });
    }
  }
});

describe('argon2, the reference implementation', () => {
  // In JavaScript a hash of 64 MiB takes about a second: one of those stands for its kind.
  const small = argon2.encoded.filter(({ m }) => m <= 1024);
  const large = argon2.encoded.filter(({ m, type }) => m === 65_536 && type === 'argon2id').slice(0, 1);
  const passwords = createPasswords();

  for (const { encoded, password, type, m, t, p, version } of [...small, ...large]) {
    it(`verifies ${type} v=${version} m=${m} t=${t} p=${p} and refuses another password ${requirement('P6')}`, async () => {
      const phc = parsePhc(encoded);
      if (phc === undefined) throw new Error('not read');
      // v=16 strings carry no v=, and so do we when we write one back.
      expect(formatPhc(phc)).toBe(encoded);
      expect(await passwords.verify(password, encoded)).toMatchObject({ verified: true });
      if (m <= 1024) expect(await passwords.verify(`${password}x`, encoded)).toEqual({ verified: false });
    }, 30_000);
  }

  it(`refuses the malformed strings ${requirement('P6')}`, async () => {
    for (const { encoded, expect: expected, why } of argon2.encodedErrors) {
      if (expected === 'verify_mismatch') continue;
      await expect(passwords.verify('password', encoded), why).rejects.toMatchObject({ name: 'PasswordError' });
    }
  });
});

describe('totpCode, RFC 6238', () => {
  it(`knows the codes of appendix B ${requirement('P21')}`, () => {
    for (const { time, ...codes } of totp.vectors) {
      for (const [algorithm, code] of Object.entries(codes)) {
        const seed = bytes(totp.seedsAscii[algorithm as 'SHA1']);
        expect(totpCode(seed, Math.floor(time / 30), { algorithm: algorithm as 'SHA1', digits: 8 })).toBe(code);
      }
    }
  });
});
