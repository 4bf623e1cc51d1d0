import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { algorithmFacts } from '../src/engine/algorithms.js';
import { defaultEngine } from '../src/engine/default-engine.js';
import { createNativeEngine, nativeEngine } from '../src/engine/native-engine.js';
import { nativeMac } from '../src/engine/native-hmac.js';
import { nativeRuntime, type NativeRuntime } from '../src/engine/native-runtime.js';
import { portableEngine } from '../src/engine/portable-engine.js';
import type { CheckSignature } from '../src/engine/engine.js';
import { createStrictReader } from '../src/verify/strict-reader.js';
import { allAlgorithms, keysOf, p256, pairOf } from './key-material.js';
import { encode, engines, goodClaims, mint, secret, signText } from './verify-harness.js';

const now = Date.UTC(2026, 0, 1);
/** Mutated tokens that both engines judge. The full run asks for 100,000. */
const mutations = Number(process.env['PORTCULLIS_MUTATIONS'] ?? 3000);

describe.each(engines)('the $name engine', (engine) => {
  it.each(allAlgorithms)('signs %s and verifies its own signature and nothing else', async (alg) => {
    const keys = keysOf(alg);
    const sign = await engine.signer(alg, keys.sign);
    const check = await engine.checker(alg, keys.verify);
    const input = `${encode({ alg })}.${encode(goodClaims(now))}`;
    const signature = await sign(input);
    expect(signature).toMatch(/^[\w-]+$/);
    expect(await check(input, signature)).toBe(true);
    expect(await check(`${input}A`, signature)).toBe(false);
    expect(await check(input, '')).toBe(false);
    expect(await check(input, `${signature}AAAA`)).toBe(false);
    expect(await check(input, signature.slice(0, -4))).toBe(false);
  });

  it.each(allAlgorithms)(
    'verifies %s signatures that node:crypto made, and its own are verified by the other engine',
    async (alg) => {
      const keys = keysOf(alg);
      const input = `${encode({ alg })}.${encode({ a: 1 })}`;
      const check = await engine.checker(alg, keys.verify);
      expect(await check(input, signText(alg, input, pairOf[alg]?.privateKey ?? secret))).toBe(true);
      const other = engines.find(({ name }) => name !== engine.name) ?? engine;
      const sign = await engine.signer(alg, keys.sign);
      expect(await (await other.checker(alg, keys.verify))(input, await sign(input))).toBe(true);
    },
  );

  it('takes long input', async () => {
    for (const alg of ['HS256', 'HS384', 'HS512'] as const) {
      const short = `${encode({ alg })}.e30`;
      const input = `${encode({ alg })}.${'x'.repeat(20_000)}`;
      const check = await engine.checker(alg, secret);
      expect(await check(input, signText(alg, input, secret))).toBe(true);
      expect(await check(short, signText(alg, short, secret))).toBe(true);
      expect(await check(input, signText(alg, short, secret))).toBe(false);
    }
  });

  it('takes secrets that are longer than a hash block', async () => {
    for (const alg of ['HS256', 'HS512'] as const) {
      for (const length of [63, 64, 65, 127, 128, 129, 500]) {
        const long = new Uint8Array(Math.max(length, 64)).fill(7);
        long[0] = length & 255;
        const input = `${encode({ alg })}.e30`;
        expect(await (await engine.checker(alg, long))(input, signText(alg, input, long))).toBe(true);
      }
    }
  });

  it('keeps a copy of a secret', async () => {
    const own = secret.slice();
    const check = await engine.checker('HS256', own);
    own.fill(0);
    const input = `${encode({ alg: 'HS256' })}.e30`;
    expect(await check(input, signText('HS256', input, secret))).toBe(true);
  });

  it('refuses ECDSA signatures with numbers outside the group, and in DER', async () => {
    const check = await engine.checker('ES256', p256.publicJwk);
    const input = `${encode({ alg: 'ES256' })}.e30`;
    const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
    const zero = '0'.repeat(64);
    const one = `${'0'.repeat(63)}1`;
    for (const [r, s] of [
      [zero, zero],
      [zero, one],
      [one, zero],
      [order, one],
      [one, order],
      [order, order],
      ['f'.repeat(64), 'f'.repeat(64)],
    ]) {
      expect(await check(input, Buffer.from(`${r}${s}`, 'hex').toString('base64url'))).toBe(false);
    }
    const der = Buffer.from('3006020101020101', 'hex').toString('base64url');
    expect(await check(input, der)).toBe(false);
    expect(await check(input, signText('ES256', input, p256.privateKey))).toBe(true);
  });
});

describe('the native engine', () => {
  it('is there on this runtime, is the default, and answers synchronously', () => {
    expect(defaultEngine).toBe(nativeEngine);
    for (const alg of allAlgorithms) {
      const keys = keysOf(alg);
      const check = nativeEngine?.checker(alg, keys.verify) as CheckSignature;
      const sign = nativeEngine?.signer(alg, keys.sign) as (input: string) => string;
      expect(check('a.b', sign('a.b'))).toBe(true);
    }
  });

  it('keeps nothing of one text for the next, whatever their lengths', () => {
    for (const alg of ['EdDSA', 'ES256', 'RS256', 'PS512'] as const) {
      const keys = keysOf(alg);
      const check = nativeEngine?.checker(alg, keys.verify) as CheckSignature;
      const sign = nativeEngine?.signer(alg, keys.sign) as (input: string) => string;
      const signed = [9000, 3, 8192, 8193, 3, 300, 299].map((length) => {
        const input = `a.${'x'.repeat(length - 2)}`;
        return { input, signature: sign(input) };
      });
      for (const { input, signature } of signed) {
        expect(check(input, signature)).toBe(true);
        expect(check(input.slice(0, -1), signature)).toBe(false);
        expect(check(input, signature.slice(0, -4))).toBe(false);
        expect(check(input, '')).toBe(false);
        expect(check(input, signature)).toBe(true);
      }
    }
  });

  it('computes the same HMAC with and without one-shot hashes', () => {
    const runtime = nativeRuntime as NativeRuntime;
    const { hash: _, ...rest } = runtime.crypto;
    const without: NativeRuntime = {
      ...runtime,
      crypto: { ...rest, createHmac: (algorithm, key) => runtime.crypto.createHmac(algorithm, key) },
    };
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      const facts = algorithmFacts(alg);
      if (facts === undefined) throw new Error('unknown');
      expect(nativeMac(without, facts, secret)('a.b')).toBe(nativeMac(runtime, facts, secret)('a.b'));
    }
    expect(createNativeEngine(without).name).toBe('native');
  });
});

describe('both engines', () => {
  it(`agree on mutated tokens, which neither takes ${requirement('J34')}`, async () => {
    const reader = createStrictReader({ maxLength: 8192 });
    const cases = await Promise.all(
      (['HS256', 'ES256', 'EdDSA', 'RS256', 'PS256'] as const).map(async (alg) => ({
        token: mint(goodClaims(now), { alg }, pairOf[alg]?.privateKey ?? secret),
        native: await nativeEngine!.checker(alg, keysOf(alg).verify),
        portable: await portableEngine.checker(alg, keysOf(alg).verify),
      })),
    );
    const mutation = fc.record({
      which: fc.nat({ max: cases.length - 1 }),
      kind: fc.constantFrom('replace', 'insert', 'delete', 'swap', 'cut', 'repeat'),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      tail: fc.boolean(),
      character: fc.constantFrom(...Array.from('ABCDwxyz0189-_.=+/ é')),
      length: fc.integer({ min: 1, max: 8 }),
    });
    let readable = 0;
    await fc.assert(
      fc.asyncProperty(mutation, async ({ which, kind, at, tail, character, length }) => {
        const { token, native, portable } = cases[which]!;
        // Half of them in the signature, where the engines look; the reader refuses much of the rest before them.
        const from = tail ? token.lastIndexOf('.') + 1 : 0;
        const index = from + Math.floor(at * (token.length - from));
        const part = token.slice(index, index + length);
        const mutated = {
          replace: token.slice(0, index) + character + token.slice(index + 1),
          insert: token.slice(0, index) + character + token.slice(index),
          delete: token.slice(0, index) + token.slice(index + length),
          swap: token.slice(0, index) + part.split('').reverse().join('') + token.slice(index + length),
          cut: token.slice(0, index),
          repeat: token.slice(0, index) + part + token.slice(index),
        }[kind];
        const read = reader.read(mutated);
        if (typeof read === 'string') return;
        readable++;
        const answers = [await native(read.input, read.signature), await portable(read.input, read.signature)];
        const same = mutated === token;
        expect(answers).toEqual([same, same]);
      }),
      { numRuns: mutations },
    );
    expect(readable).toBeGreaterThan(mutations / 10);
  }, 600_000);
});
