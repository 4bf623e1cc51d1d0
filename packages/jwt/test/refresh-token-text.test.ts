import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRefreshMacs, refreshMacMessage } from '../src/refresh/refresh-mac.js';
import { formatRefreshToken, parseRefreshToken } from '../src/refresh/refresh-token.js';
import { refreshKeys, testKey } from './token-harness.js';

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.split('');
const family = fc.string({ unit: fc.constantFrom(...base62), minLength: 22, maxLength: 22 });
const mac = fc.string({ unit: fc.constantFrom(...base62, '-', '_'), minLength: 43, maxLength: 43 });
const generation = fc.integer({ min: 0, max: 999_999_999_999_999 });
const parts = fc.record({ family, generation, mac });

describe('parseRefreshToken', () => {
  it('reads back what formatRefreshToken writes', () => {
    fc.assert(
      fc.property(parts, (one) => {
        expect(parseRefreshToken(formatRefreshToken(one))).toEqual(one);
      }),
    );
  });

  it('takes no text that it would write otherwise', () => {
    const near = fc.tuple(parts.map(formatRefreshToken), fc.nat(90), fc.string({ maxLength: 3 }), fc.nat(3));
    fc.assert(
      fc.property(near, ([token, at, inserted, removed]) => {
        const text = token.slice(0, at) + inserted + token.slice(at + removed);
        const read = parseRefreshToken(text);
        expect(read === undefined || formatRefreshToken(read) === text).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('answers undefined to whatever is no text', () => {
    fc.assert(
      fc.property(
        fc.anything().filter((value) => typeof value !== 'string'),
        (value) => {
          expect(parseRefreshToken(value as string)).toBeUndefined();
        },
      ),
    );
  });

  it.each([
    '',
    '..',
    'a.0.b',
    `${'a'.repeat(22)}.00.${'b'.repeat(43)}`,
    `${'a'.repeat(22)}.+1.${'b'.repeat(43)}`,
    `${'a'.repeat(22)}.1.${'b'.repeat(43)}\n`,
    ` ${'a'.repeat(22)}.1.${'b'.repeat(43)}`,
    `${'a'.repeat(22)}.1e3.${'b'.repeat(43)}`,
    'x'.repeat(100_000),
  ])('refuses %j', (text) => {
    expect(parseRefreshToken(text)).toBeUndefined();
  });
});

describe('createRefreshMacs', () => {
  const macs = createRefreshMacs({ current: 'k1', keys: { k1: testKey(1), k2: testKey(2) } });

  it('runs no two inputs together into one message', () => {
    const input = fc.record({ seed: fc.string(), family: fc.string(), generation: fc.nat() });
    fc.assert(
      fc.property(input, input, (a, b) => {
        const same = a.seed === b.seed && a.family === b.family && a.generation === b.generation;
        expect(Buffer.from(refreshMacMessage(a)).equals(Buffer.from(refreshMacMessage(b)))).toBe(same);
      }),
    );
    expect(refreshMacMessage({ seed: 'ab', family: 'c', generation: 1 })).not.toEqual(
      refreshMacMessage({ seed: 'a', family: 'bc', generation: 1 }),
    );
  });

  it(`makes 256-bit MACs that differ by seed, family, generation and key ${requirement('F1')}`, () => {
    const input = { seed: 'seed', family: 'family', generation: 1 };
    const all = [
      macs.make('k1', input),
      macs.make('k2', input),
      macs.make('k1', { ...input, seed: 'other' }),
      macs.make('k1', { ...input, family: 'other' }),
      macs.make('k1', { ...input, generation: 2 }),
    ];
    expect(new Set(all).size).toBe(5);
    for (const one of all) expect(one).toMatch(/^[\w-]{43}$/);
    expect(macs.verify('k1', input, all[0] ?? '')).toBe(true);
    expect(macs.verify('k2', input, all[0] ?? '')).toBe(false);
    expect(macs.verify('gone', input, all[0] ?? '')).toBeUndefined();
  });

  it('refuses keys that are short, not random or shared', () => {
    expect(() => createRefreshMacs({ current: 'k1', keys: { k1: new Uint8Array(31).map((_, i) => i) } })).toThrow(
      'refresh.keys.keys.k1',
    );
    expect(() => createRefreshMacs({ current: 'k1', keys: { k1: new Uint8Array(32) } })).toThrow('not random');
    expect(() => createRefreshMacs({ ...refreshKeys, current: 'k9' })).toThrow('refresh.keys.current');
  });
});
