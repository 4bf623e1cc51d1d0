import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requirement } from '@portcullis-internal/testkit';
import { crcEnd, crcRun, crcStart, crcStep, crcTables } from '../src/crc32.js';
import { createKeyFormat, secretScanningPattern } from '../src/index.js';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const digits = alphabet.split('');
const bytes = (values: readonly number[]) => {
  let at = 0;
  return (count: number): Uint8Array => Uint8Array.from({ length: count }, () => values[at++ % values.length]!);
};
const word = (max: number) =>
  fc
    .tuple(
      fc.constantFrom(...digits.slice(10)),
      fc.string({ unit: fc.constantFrom(...digits), minLength: 1, maxLength: max - 1 }),
    )
    .map(([a, b]) => a + b);
const random = fc.array(fc.integer({ min: 0, max: 247 }), { minLength: 40, maxLength: 80 });

describe('crcRun and crcStep', () => {
  it('are the CRC-32 of zlib, one character or four at a step', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...digits, '_') }),
        fc.string({ unit: fc.constantFrom(...digits), minLength: 4, maxLength: 4 }),
        (text, four) => {
          expect(crcEnd(crcRun(crcStart, text))).toBe(crc32(text));
          const word = four.split('').reduce((sum, character, at) => sum | (character.charCodeAt(0) << (at * 8)), 0);
          expect(crcEnd(crcStep(crcTables(), crcRun(crcStart, text), word))).toBe(crc32(text + four));
        },
      ),
    );
  });
});

describe('createKeyFormat', () => {
  const format = createKeyFormat({ brand: 'acme' });

  it('writes {brand}_{env}_{id}{secret}{crc} that double-click selects whole', () => {
    const key = format.mint('live', format.mintId());
    expect(key).toMatch(/^acme_live_[0-9A-Za-z]{12}[0-9A-Za-z]{28}[0-9A-Za-z]{6}$/);
    expect(key).toMatch(/^\w+$/);
  });

  it('puts the CRC-32 of all before it at the end, in six base62 digits', () => {
    const key = format.mint('test', 'AAAAAAAAAAAA');
    const value = key
      .slice(-6)
      .split('')
      .reduce((sum, digit) => sum * 62 + alphabet.indexOf(digit), 0);
    expect(value).toBe(crc32(key.slice(0, -6)));
  });

  it(`draws a secret of at least 128 bits from the generator ${requirement('K1', 'C23')}`, () => {
    expect(28 * Math.log2(62)).toBeGreaterThan(166);
    const seen = new Set<string>();
    let drawn = 0;
    const counted = createKeyFormat({ brand: 'acme' }, (count) => {
      drawn += count;
      return crypto.getRandomValues(new Uint8Array(count));
    });
    for (let i = 0; i < 200; i++) seen.add(counted.mint('live', 'AAAAAAAAAAAA').slice(22, 50));
    expect(seen.size).toBe(200);
    expect(drawn).toBeGreaterThanOrEqual(200 * 28);
    // Each position takes many values: none is constant, a time or a counter.
    for (let i = 0; i < 28; i++) expect(new Set([...seen].map((secret) => secret[i])).size).toBeGreaterThan(40);
  });

  it('reads back what it wrote, for every brand and environment', () => {
    fc.assert(
      fc.property(
        word(16),
        fc.uniqueArray(word(12), { minLength: 1, maxLength: 4 }),
        random,
        (brand, environments, values) => {
          const own = createKeyFormat({ brand, environments }, bytes(values));
          for (const environment of own.environments) {
            const id = own.mintId();
            const key = own.mint(environment, id);
            const shape = own.shapeOf(key);
            expect(shape?.environment).toBe(environment);
            expect(own.idOf(key, shape!)).toBe(id);
          }
        },
      ),
    );
  });

  it('notices every change of one character', () => {
    fc.assert(
      fc.property(
        random,
        fc.nat({ max: 55 }),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
        (values, at, other) => {
          const own = createKeyFormat({ brand: 'acme' }, bytes(values));
          const key = own.mint('live', own.mintId());
          fc.pre(key[at] !== other);
          expect(own.shapeOf(key.slice(0, at) + other + key.slice(at + 1))).toBeUndefined();
        },
      ),
      { numRuns: 500 },
    );
  });

  it('notices every base62 digit in every place of one key', () => {
    const key = format.mint('live', format.mintId());
    for (let at = 0; at < key.length; at++) {
      for (const other of `${alphabet}_-`) {
        if (key[at] === other) continue;
        expect(format.shapeOf(key.slice(0, at) + other + key.slice(at + 1))).toBeUndefined();
      }
    }
  });

  it('does not take a character whose low byte is the right one', () => {
    const key = format.mint('live', format.mintId());
    for (let at = 0; at < key.length; at++) {
      const other = String.fromCharCode(key.charCodeAt(at) + 0x100);
      expect(format.shapeOf(key.slice(0, at) + other + key.slice(at + 1))).toBeUndefined();
    }
  });

  it('notices a lost, doubled or swapped character', () => {
    fc.assert(
      fc.property(random, fc.nat({ max: 54 }), (values, at) => {
        const own = createKeyFormat({ brand: 'acme' }, bytes(values));
        const key = own.mint('live', own.mintId());
        expect(own.shapeOf(key.slice(0, at) + key.slice(at + 1))).toBeUndefined();
        expect(own.shapeOf(key.slice(0, at) + key[at]! + key.slice(at))).toBeUndefined();
        fc.pre(key[at] !== key[at + 1]);
        expect(own.shapeOf(key.slice(0, at) + key[at + 1]! + key[at]! + key.slice(at + 2))).toBeUndefined();
      }),
    );
  });

  it('takes no other text for a key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        expect(format.shapeOf(text)).toBeUndefined();
      }),
    );
    const key = format.mint('live', format.mintId());
    for (const text of [
      '',
      'acme_live_',
      ` ${key}`,
      `${key}\n`,
      key.toUpperCase(),
      key.replace('live', 'prod'),
      key.replace('acme', 'acmf'),
    ]) {
      expect(format.shapeOf(text)).toBeUndefined();
    }
  });

  it('has one spelling for a checksum: no number past 32 bits', () => {
    const key = format.mint('live', 'AAAAAAAAAAAA');
    const value = crc32(key.slice(0, -6)) + 2 ** 32;
    let check = '';
    for (let rest = value, i = 0; i < 6; i++, rest = Math.floor(rest / 62)) check = alphabet[rest % 62]! + check;
    expect(format.shapeOf(key.slice(0, -6) + check)).toBeUndefined();
  });

  it.each([
    { brand: '' },
    { brand: 'a' },
    { brand: '1acme' },
    { brand: 'ac_me' },
    { brand: 'a'.repeat(17) },
    { brand: 'acme', environments: [] },
    { brand: 'acme', environments: ['live', 'live'] },
    { brand: 'acme', environments: ['li_ve'] },
    { brand: 'acme', environments: [''] },
  ])('refuses %j', (options) => {
    expect(() => createKeyFormat(options)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
    expect(() => secretScanningPattern(options)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });
});

describe('secretScanningPattern', () => {
  it('finds every key of the brand in running text, and none of another', () => {
    const pattern = secretScanningPattern({ brand: 'acme' });
    fc.assert(
      fc.property(random, fc.constantFrom('live', 'test'), (values, environment) => {
        const own = createKeyFormat({ brand: 'acme' }, bytes(values));
        const key = own.mint(environment, own.mintId());
        expect(`export KEY="${key}";`.match(new RegExp(pattern, 'g'))).toEqual([key]);
      }),
    );
    const other = createKeyFormat({ brand: 'other' });
    expect(new RegExp(pattern).test(other.mint('live', other.mintId()))).toBe(false);
  });

  it('uses nothing that scanners without look-around cannot read', () => {
    expect(secretScanningPattern({ brand: 'acme', environments: ['live', 'dev'] })).toBe(
      'acme_(?:live|dev)_[0-9A-Za-z]{46}',
    );
  });
});
