import { createMemoryStorage } from '@portcullis/core';
import { fakeClock } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import {
  createBlocklist,
  createBreachCheck,
  createOneTimeCodes,
  createPasswords,
  createTotp,
  type Derivation,
  type HashEngine,
} from '../../src/index.js';
import { formatPhc } from '../../src/phc.js';

const cast = (value: unknown) => value as never;

/** Work that is counted and not done: the bytes are the password's, so only the same password matches. */
function countingEngine() {
  const seen: Derivation[] = [];
  const engine: HashEngine = {
    supports: () => true,
    async derive(derivation) {
      seen.push(derivation);
      const bytes = new Uint8Array(derivation.length);
      bytes.set(derivation.password.subarray(0, derivation.length));
      return bytes;
    },
  };
  return { engine, seen };
}

describe('createPasswords: callers without types', () => {
  it('does the work of a verification for a user whose hash is null, as for an unknown one', async () => {
    const { engine, seen } = countingEngine();
    const passwords = createPasswords({ engines: [engine] });
    expect(await passwords.verify('correct horse', null)).toEqual({ verified: false });
    expect(await passwords.verify('correct horse', undefined)).toEqual({ verified: false });
    expect(seen).toHaveLength(2);
    for (const stored of [7, {}, []]) {
      await expect(passwords.verify('correct horse', cast(stored))).rejects.toMatchObject({
        code: 'password_hash_unreadable',
      });
    }
  });

  it('takes only true of a legacy verifier for right', async () => {
    const { engine } = countingEngine();
    for (const answer of [{ valid: false }, 'no', 1]) {
      const legacy = [{ reads: () => true, verify: async () => cast(answer) as boolean }];
      const passwords = createPasswords({ engines: [engine], legacy });
      expect(await passwords.verify('correct horse', 'md5:whatever')).toEqual({ verified: false });
    }
  });

  it('checks a password of a user without a name', async () => {
    const { engine } = countingEngine();
    const passwords = createPasswords({ engines: [engine] });
    const words = cast([undefined, null, 'Ada Lovelace 1815'] as unknown[]);
    expect(await passwords.check('a long enough one', { words })).toEqual([]);
    expect(await passwords.check('ada lovelace 1815', { words })).toMatchObject([{ code: 'context' }]);
  });

  it('rehashes what has a short salt', async () => {
    const { engine } = countingEngine();
    const passwords = createPasswords({ engines: [engine] });
    const hash = new Uint8Array(32);
    hash.set(new TextEncoder().encode('correct horse'));
    const params = { ln: 17, r: 8, p: 1 };
    const stored = (salt: number) =>
      formatPhc({ id: 'scrypt', version: undefined, params, keyId: undefined, salt: new Uint8Array(salt), hash });
    expect(await passwords.verify('correct horse', stored(16))).toEqual({ verified: true });
    expect(await passwords.verify('correct horse', stored(8))).toMatchObject({ rehashed: expect.any(String) });
  });
});

describe('createBlocklist and createBreachCheck', () => {
  it('refuse one text for a list, and a count that is no number', async () => {
    expect(() => createBlocklist('password')).toThrow(/words: give a list/);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode('hunter2hunter2')));
    const hex = [...digest]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('')
      .toUpperCase();
    const answering = (count: string) =>
      createBreachCheck({
        endpoint: 'https://breaches.example/range/',
        fetch: async () => new Response(`${hex.slice(5)}${count}`),
      }).timesSeen('hunter2hunter2');
    expect(await answering(':12')).toBe(12);
    for (const count of ['', ':many', ':-1']) {
      await expect(answering(count)).rejects.toMatchObject({ code: 'password_breach_check_unavailable' });
    }
  });
});

describe('createTotp and createOneTimeCodes: options', () => {
  const storage = createMemoryStorage();
  it('say what is wrong and how to mend it', async () => {
    expect(() => createTotp(cast({ storage }))).toThrow(/issuer: name the service/);
    const totp = createTotp({ storage, issuer: 'Example' });
    await expect(totp.verify('ada', cast(totp.createSecret()), '000000')).rejects.toThrow(/secret: .*reveal/);
    await expect(totp.verify(cast(undefined), totp.createSecret().reveal(), '000000')).rejects.toThrow(/subject/);
    const make = (over: object) => () => createOneTimeCodes(cast({ storage, purpose: 'reset', ...over }));
    expect(make({ format: 'Digits' })).toThrow(/format: use token or digits/);
    expect(make({ format: 'digits', key: 'x'.repeat(43) })).toThrow(/key: give bytes/);
    expect(make({ lifetime: 1_000.5 })).toThrow(/lifetime/);
  });
});

describe('createTotp: guessing for days', () => {
  it('stops after 50 wrong codes in a day, which its own refusals do not use up', async () => {
    const clock = fakeClock();
    const totp = createTotp({ storage: createMemoryStorage({ clock }), issuer: 'Example', clock });
    const secret = totp.createSecret().reveal();
    let tried = 0;
    for (let round = 0; round < 20; round++) {
      for (let guess = 0; guess < 8; guess++) {
        const result = await totp.verify('ada', secret, 'wrong!');
        if (!result.verified && result.reason === 'wrong') tried += 1;
      }
      clock.advance(300_000);
    }
    expect(tried).toBe(50);
    clock.advance(86_400_000);
    expect(await totp.verify('ada', secret, 'wrong!')).toEqual({ verified: false, reason: 'wrong' });
  });
});

describe('createOneTimeCodes: eight digits', () => {
  it('lose no try to another browser than the one that asked', async () => {
    const clock = fakeClock();
    const key = Uint8Array.from({ length: 32 }, (_, i) => i);
    const codes = createOneTimeCodes({
      storage: createMemoryStorage({ clock }),
      purpose: 'login',
      format: 'digits',
      key,
      clock,
    });
    const code = (await codes.issue({ subject: 'ada', binding: 'her browser' })).reveal();
    for (let guess = 0; guess < 20; guess++) {
      expect(await codes.redeem(code, { subject: 'ada', binding: 'another' })).toEqual({
        redeemed: false,
        reason: 'invalid',
      });
    }
    expect(await codes.redeem(code, { subject: 'ada', binding: 'her browser' })).toMatchObject({ redeemed: true });
  });
});
