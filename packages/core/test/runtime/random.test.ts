import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it, vi } from 'vitest';
import { decodeBase64url } from '../../src/runtime/base64url.js';
import { pooledRandom, random, randomBase62, randomToken } from '../../src/runtime/random.js';

describe('pooledRandom', () => {
  it('draws in blocks, hands every byte out once and wipes it', () => {
    let pool: Uint8Array | undefined;
    let next = 0;
    const fill = vi.fn((bytes: Uint8Array) => {
      pool = bytes;
      for (let i = 0; i < bytes.length; i++) bytes[i] = (next++ % 255) + 1;
    });
    const draw = pooledRandom(fill);
    expect(fill).not.toHaveBeenCalled();
    const first = draw(4);
    const second = draw(4);
    expect([...first, ...second]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(fill).toHaveBeenCalledTimes(1);
    expect([...(pool?.subarray(0, 9) ?? [])]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 9]);
    first.fill(0);
    expect([...second]).toEqual([5, 6, 7, 8]);
  });

  it('refills before it runs out and never gives a wiped byte', () => {
    const draw = pooledRandom((bytes) => bytes.fill(7));
    for (let i = 0; i < 500; i++) expect([...draw(33)]).toEqual(Array<number>(33).fill(7));
  });

  it('asks for large amounts directly, in pieces that the web allows', () => {
    const sizes: number[] = [];
    const draw = pooledRandom((bytes) => {
      sizes.push(bytes.length);
      bytes.fill(1);
    });
    expect(draw(70_000).every((byte) => byte === 1)).toBe(true);
    expect(sizes).toEqual([65_536, 4464]);
  });
});

describe('randomToken', () => {
  it(`gives at least 128 bits from the CSPRNG ${requirement('C23')}`, () => {
    const tokens = Array.from({ length: 2000 }, () => randomToken(16));
    expect(new Set(tokens).size).toBe(2000);
    const decoded = tokens.map((token) => decodeBase64url(token) ?? new Uint8Array());
    expect(decoded.every((bytes) => bytes.length === 16)).toBe(true);
    // Every one of the 128 bits varies: a UUID's version and variant bits would stand still.
    const ones = Array.from(
      { length: 128 },
      (_, bit) => decoded.filter((bytes) => ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1).length,
    );
    for (const count of ones) expect(Math.abs(count - 1000)).toBeLessThan(200);
  });

  it(`refuses fewer than 16 bytes ${requirement('C23')}`, () => {
    for (const bytes of [15, 0, -1, 16.5, Number.NaN, 1025]) expect(() => randomToken(bytes)).toThrow(/^bytes: /);
    expect(randomToken()).toHaveLength(43);
  });

  it('draws from the runtime, and wipes what it drew', () => {
    const spy = vi.spyOn(crypto, 'getRandomValues');
    try {
      pooledRandom((bytes) => crypto.getRandomValues(bytes))(16);
      random(5000);
      expect(spy.mock.calls.length).toBeGreaterThanOrEqual(2);
    } finally {
      spy.mockRestore();
    }
    const raw = new Uint8Array(16).fill(9);
    randomToken(16, () => raw);
    expect(raw.every((byte) => byte === 0)).toBe(true);
  });
});

describe('randomBase62', () => {
  it('maps every byte below 248 evenly and drops the rest', () => {
    const counts = new Map<string, number>();
    let byte = 0;
    const source = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => byte++ & 255);
    for (let i = 0; i < 248 * 10; i++) {
      const character = randomBase62(1, (count) => source(count).slice(0, 1));
      counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect(counts.size).toBe(62);
    expect(new Set(counts.values())).toEqual(new Set([40]));
  });

  it('has the length asked for, and base62 only', () => {
    for (const length of [1, 12, 22, 28, 200])
      expect(randomBase62(length)).toMatch(new RegExp(`^[0-9A-Za-z]{${length}}$`));
  });

  it('gives up on a generator that gives nothing usable', () => {
    expect(() => randomBase62(8, (count) => new Uint8Array(count).fill(255))).toThrow(/random: /);
    expect(() => randomBase62(8, () => new Uint8Array())).toThrow(/random: /);
  });
});
