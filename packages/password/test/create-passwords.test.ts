import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bcryptVerifier } from '../src/bcrypt.js';
import { createNativeEngine, createPasswords, portableEngine } from '../src/index.js';
import { createEngineOn } from '../src/native-engine.js';
import { parsePhc } from '../src/phc.js';
import { countingEngine } from './fast.js';

const good = 'correct horse battery staple';
const fast = (over: Parameters<typeof createPasswords>[0] = {}) =>
  createPasswords({ engines: [countingEngine()], ...over });

describe('createPasswords: hashing', () => {
  it(`hashes with scrypt at the cheat sheet's first choice, a 16-byte salt and off the event loop ${requirement('P2', 'P5')}`, async () => {
    const passwords = createPasswords();
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 1);
    const [first, second] = await Promise.all([passwords.hash(good), passwords.hash(good)]);
    clearInterval(ticking);
    const read = parsePhc(first);
    expect(read).toMatchObject({ id: 'scrypt', params: { ln: 17, r: 8, p: 1 } });
    expect([read?.salt.length, read?.hash.length]).toEqual([16, 32]);
    expect(first).not.toBe(second);
    expect(ticks).toBeGreaterThan(5);
    expect(await passwords.verify(good, first)).toEqual({ verified: true });
    expect(await passwords.verify(`${good} `, first)).toEqual({ verified: false });
    // Four real hashes of 128 MiB: more than five seconds on a busy machine.
  }, 30_000);

  it(`refuses parameters below the floor at start-up ${requirement('P1', 'P2', 'P3')}`, () => {
    const make = (parameters: object) => () => createPasswords({ parameters: parameters as never });
    for (const bad of [
      { algorithm: 'scrypt', ln: 16, r: 8, p: 1 },
      { algorithm: 'scrypt', ln: 15, r: 8, p: 2 },
      { algorithm: 'scrypt', ln: 17, r: 4, p: 1 },
      { algorithm: 'argon2id', m: 19_455, t: 2, p: 1 },
      { algorithm: 'argon2id', m: 47_103, t: 1, p: 1 },
      { algorithm: 'argon2id', m: 12_287, t: 3, p: 1 },
      { algorithm: 'pbkdf2-sha256', i: 599_999 },
      { algorithm: 'pbkdf2-sha512', i: 219_999 },
      { algorithm: 'md5' },
      { algorithm: 'scrypt', ln: 30, r: 8, p: 1 },
    ]) {
      expect(make(bad), JSON.stringify(bad)).toThrow(/parameters/);
    }
    for (const fine of [
      { algorithm: 'scrypt', ln: 16, r: 8, p: 2 },
      { algorithm: 'scrypt', ln: 15, r: 8, p: 3 },
      { algorithm: 'argon2id', m: 47_104, t: 1, p: 1 },
      { algorithm: 'argon2id', m: 12_288, t: 3, p: 1 },
      { algorithm: 'pbkdf2-sha512', i: 220_000 },
    ]) {
      expect(make(fine), JSON.stringify(fine)).not.toThrow();
    }
  });

  it(`refuses absurd parameters of a stored hash before it hashes anything ${requirement('P6')}`, async () => {
    const engine = countingEngine();
    const passwords = createPasswords({ engines: [engine] });
    const tail = `$${'A'.repeat(22)}$${'A'.repeat(43)}`;
    for (const head of [
      '$scrypt$ln=30,r=8,p=1',
      '$scrypt$ln=17,r=8,p=9999',
      '$scrypt$ln=17,r=8',
      '$scrypt$ln=17,r=8,p=1,m=3',
      '$argon2id$v=19$m=4194304,t=3,p=1',
      '$argon2id$v=7$m=19456,t=2,p=1',
      '$argon2id$v=19$m=19456,t=99999,p=1',
      '$pbkdf2-sha256$i=999999999',
    ]) {
      await expect(passwords.verify(good, head + tail), head).rejects.toMatchObject({ code: 'password_parameters' });
    }
    for (const junk of ['', 'plain text', '$', '$scrypt$ln=017,r=8,p=1', '$scrypt$ln=17,ln=17,r=8,p=1', '$md5$i=1']) {
      await expect(passwords.verify(good, junk + tail), junk).rejects.toMatchObject({
        code: 'password_hash_unreadable',
      });
    }
    expect(engine.asked).toEqual([]);
  });

  it(`rehashes a weaker hash that verifies, and only then ${requirement('P7')}`, async () => {
    const old = await fast({ parameters: { algorithm: 'pbkdf2-sha256', i: 600_000 } }).hash(good);
    const passwords = fast();
    expect(await passwords.verify('wrong', old)).toEqual({ verified: false });
    const result = await passwords.verify(good, old);
    expect(result).toEqual({ verified: true, rehashed: expect.stringMatching(/^\$scrypt\$ln=17/) });
    if (!result.verified || result.rehashed === undefined) throw new Error('not rehashed');
    expect(await passwords.verify(good, result.rehashed)).toEqual({ verified: true });
  });

  it(`does the same work for an unknown user ${requirement('P8')}`, async () => {
    const engine = countingEngine();
    const passwords = createPasswords({ engines: [engine] });
    const stored = await passwords.hash(good);
    engine.asked.length = 0;
    await passwords.verify('wrong', stored);
    const known = [...engine.asked];
    engine.asked.length = 0;
    expect(await passwords.verify('wrong', undefined)).toEqual({ verified: false });
    expect(engine.asked).toEqual(known);
  });

  it(`takes NUL, emoji and spaces, and sees a difference in the last of 1,000 characters ${requirement('P11')}`, async () => {
    const passwords = fast({ maxLength: 4096 });
    for (const password of [
      'a\0b long enough, really',
      '🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂',
      ' '.repeat(20),
      `${'x'.repeat(999)}y`,
    ]) {
      const stored = await passwords.hash(password);
      expect(await passwords.verify(password, stored)).toEqual({ verified: true });
      expect(await passwords.verify(`${password.slice(0, -1)}z`, stored)).toEqual({ verified: false });
      expect(await passwords.verify(password.split('\0')[0] as string, stored)).toMatchObject({
        verified: !password.includes('\0'),
      });
    }
  });

  it(`takes composed and decomposed spellings for one password ${requirement('P12')}`, async () => {
    const passwords = fast();
    const stored = await passwords.hash('Zoë\u0301 liked \u212bngstr\u00f6m');
    expect(await passwords.verify('Zoe\u0308\u0301 liked A\u030angstro\u0308m', stored)).toEqual({ verified: true });
  });

  it('refuses a lone surrogate, which would hash like any other', async () => {
    const passwords = fast();
    const stored = await passwords.hash('\ufffd'.repeat(15));
    expect(await passwords.verify('\ud800'.repeat(15), stored)).toEqual({ verified: false });
    await expect(passwords.hash('\ud800'.repeat(15))).rejects.toThrow(/surrogate/);
  });

  it('verifies what it hashed, and nothing else (property)', async () => {
    const passwords = fast();
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', maxLength: 80 }),
        fc.string({ unit: 'grapheme', maxLength: 80 }),
        async (a, b) => {
          const stored = await passwords.hash(a);
          expect((await passwords.verify(a, stored)).verified).toBe(true);
          expect((await passwords.verify(b, stored)).verified).toBe(a.normalize('NFC') === b.normalize('NFC'));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('createPasswords: pepper', () => {
  const key = (fill: number) => Uint8Array.from({ length: 32 }, (_, i) => (i * 7 + fill) & 255);

  it(`mixes in a key that is kept apart from the storage, and rotates it ${requirement('P17')}`, async () => {
    const first = fast({ pepper: { current: 'a', keys: { a: key(1) } } });
    const both = fast({ pepper: { current: 'b', keys: { a: key(1), b: key(2) } } });
    const stored = await first.hash(good);
    expect(stored).toContain('keyid=a');
    expect(await first.verify(good, stored)).toEqual({ verified: true });
    expect(await both.verify(good, stored)).toEqual({ verified: true, rehashed: expect.stringContaining('keyid=b') });
    await expect(fast().verify(good, stored)).rejects.toMatchObject({ code: 'password_pepper_unknown' });
    const other = fast({ pepper: { current: 'a', keys: { a: key(3) } } });
    expect(await other.verify(good, stored)).toEqual({ verified: false });
  });

  it('refuses a short key at start-up', () => {
    expect(() => fast({ pepper: { current: 'a', keys: { a: key(1).slice(0, 31) } } })).toThrow(/pepper/);
    expect(() => fast({ pepper: { current: 'b', keys: { a: key(1) } } })).toThrow(/pepper\.current/);
  });
});

describe('createPasswords: choosing', () => {
  it(`asks for 15 characters as the only factor and 8 beside a second, in code points, up to 64 at least ${requirement('P9', 'P10')}`, async () => {
    const { check } = fast();
    const codes = async (...args: Parameters<typeof check>) => (await check(...args)).map(({ code }) => code);
    expect(await codes('a'.repeat(14))).toEqual(['too_short']);
    expect(await codes('a'.repeat(15))).toEqual([]);
    expect(await codes('🙂'.repeat(14))).toEqual(['too_short']);
    expect(await codes('🙂'.repeat(64))).toEqual([]);
    expect(await codes('a'.repeat(7), { secondFactor: true })).toEqual(['too_short']);
    expect(await codes('a'.repeat(8), { secondFactor: true })).toEqual([]);
    expect(await codes('a'.repeat(257))).toEqual(['too_long']);
    expect(() => fast({ minLength: 14 })).toThrow(/minLength/);
    expect(() => fast({ maxLength: 63 })).toThrow(/maxLength/);
  });

  it(`has no rules of composition ${requirement('P13')}`, async () => {
    const { check } = fast();
    for (const password of ['onlylowercaseletters', '111111111111111', 'ÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜ', '               ']) {
      expect(await check(password)).toEqual([]);
    }
  });

  it(`changes a password only with the current one ${requirement('P16')}`, async () => {
    const passwords = fast();
    const stored = await passwords.hash(good);
    const next = 'a quite different phrase';
    expect(await passwords.change({ current: 'wrong', stored, next })).toEqual({
      accepted: false,
      faults: [],
      wrongCurrent: true,
    });
    expect(await passwords.change({ current: good, stored, next: 'short' })).toMatchObject({
      accepted: false,
      faults: [{ code: 'too_short' }],
    });
    const changed = await passwords.change({ current: good, stored, next });
    if (!changed.accepted) throw new Error('refused');
    expect(await passwords.verify(next, changed.hash)).toEqual({ verified: true });
  });
});

describe('createPasswords: bounds', () => {
  it(`hashes a bounded number at once, queues a bounded number, and refuses the rest with a 503 ${requirement('P18')}`, async () => {
    let running = 0;
    let most = 0;
    const release: (() => void)[] = [];
    const engine = {
      supports: () => true,
      async derive({ length }: { length: number }) {
        most = Math.max(most, ++running);
        await new Promise<void>((resolve) => release.push(resolve));
        running -= 1;
        return new Uint8Array(length);
      },
    };
    const passwords = createPasswords({ engines: [engine], maxConcurrent: 2, maxQueued: 3 });
    const asked = Array.from({ length: 6 }, () => passwords.hash(good));
    await expect(asked.at(-1)).rejects.toMatchObject({ code: 'password_hasher_busy', status: 503 });
    for (let done = 0; done < 5; done++) {
      while (release.length === 0) await Promise.resolve();
      release.shift()?.();
    }
    await Promise.all(asked.slice(0, 5));
    expect(most).toBe(2);
    expect(await Promise.race([passwords.hash(good), Promise.resolve('waiting')])).toBe('waiting');
    release.shift()?.();
  });

  it(`refuses input above 16 KiB unread ${requirement('P18')}`, async () => {
    const engine = countingEngine();
    const passwords = createPasswords({ engines: [engine] });
    expect(await passwords.verify('x'.repeat(20_000), undefined)).toEqual({ verified: false });
    expect(await passwords.check('x'.repeat(20_000))).toMatchObject([{ code: 'not_text' }]);
    expect(engine.asked).toEqual([]);
  });
});

describe('bcryptVerifier', () => {
  // Made with htpasswd -nbB -C 10 and php's password_hash.
  const ofCorrect = '$2y$10$';

  it(`verifies another system's hash, rehashes it, and refuses more than 72 bytes ${requirement('P4')}`, async () => {
    const { hash } = await import('bcryptjs');
    const stored = await hash(good, 10);
    const long = 'x'.repeat(73);
    const passwords = fast({ legacy: [bcryptVerifier] });
    expect(await passwords.verify(good, stored)).toEqual({
      verified: true,
      rehashed: expect.stringMatching(/^\$scrypt/),
    });
    expect(await passwords.verify(good, stored.replace('$2b$', ofCorrect.slice(0, 4)))).toMatchObject({
      verified: true,
    });
    expect(await passwords.verify('wrong', stored)).toEqual({ verified: false });
    expect(await passwords.verify(long, await hash(long.slice(0, 72), 10))).toEqual({ verified: false });
    expect(await passwords.verify('a\0b', await hash('a', 10))).toEqual({ verified: false });
    await expect(passwords.verify(good, stored.replace('$10$', '$31$'))).rejects.toMatchObject({
      code: 'password_parameters',
    });
    await expect(fast().verify(good, stored)).rejects.toMatchObject({ code: 'password_hash_unreadable' });
  });

  it(`is never used for new hashes ${requirement('P4')}`, () => {
    expect(() => createPasswords({ parameters: { algorithm: 'bcrypt' } as never })).toThrow(/parameters\.algorithm/);
  });
});

describe('engines', () => {
  it('agree: native and portable give the same bytes', async () => {
    const native = createNativeEngine();
    const base = {
      version: 19,
      password: new TextEncoder().encode(good),
      salt: new Uint8Array(16).fill(7),
      length: 32,
    };
    for (const parameters of [
      { algorithm: 'scrypt', ln: 10, r: 8, p: 2 },
      { algorithm: 'pbkdf2-sha256', i: 1000 },
      { algorithm: 'pbkdf2-sha512', i: 1000 },
    ] as const) {
      const derivation = { ...base, parameters };
      expect(await portableEngine.derive(derivation)).toEqual(new Uint8Array(await native.derive(derivation)));
    }
  });

  it('uses native argon2 where the runtime has it, and JavaScript where it has not', () => {
    const argon2 = { parameters: { algorithm: 'argon2id', m: 19_456, t: 2, p: 1 }, version: 19 } as const;
    expect(createEngineOn({}).supports(argon2)).toBe(false);
    expect(createEngineOn({ argon2: () => {} }).supports(argon2)).toBe(true);
    expect(createEngineOn({ argon2: () => {} }).supports({ ...argon2, version: 16 })).toBe(false);
    expect(portableEngine.supports(argon2)).toBe(true);
  });
});
