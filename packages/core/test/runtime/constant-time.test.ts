import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { timingSafeEqual } from '../../src/runtime/constant-time.js';

/** Bytes that count how often they are looked at. */
function counting(bytes: Uint8Array): { readonly bytes: Uint8Array; reads(): number } {
  let reads = 0;
  const proxy = new Proxy(bytes, {
    get(target, property) {
      if (typeof property === 'string' && /^\d+$/.test(property)) reads++;
      return Reflect.get(target, property, target) as unknown;
    },
  });
  return { bytes: proxy, reads: () => reads };
}

describe('timingSafeEqual', () => {
  it('answers as === does for text and as element by element for bytes', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\u0100', '\u0000'), maxLength: 4 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(timingSafeEqual(a, b)).toBe(a === b);
      }),
      { numRuns: 300 },
    );
    const bytes = fc.uint8Array({ max: 2, maxLength: 3 });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(timingSafeEqual(a, b)).toBe(Buffer.compare(a, b) === 0);
      }),
      { numRuns: 300 },
    );
  });

  it(`looks at every character wherever the first difference is ${requirement('C22')}`, () => {
    const secret = 'abcdefghijklmnop';
    const spy = vi.spyOn(String.prototype, 'charCodeAt');
    try {
      for (const guess of ['Xbcdefghijklmnop', 'abcdefghijklmnoX', secret]) {
        spy.mockClear();
        timingSafeEqual(secret, guess);
        expect(spy).toHaveBeenCalledTimes(2 * secret.length);
      }
    } finally {
      spy.mockRestore();
    }
  });

  it(`looks at every byte wherever the first difference is ${requirement('C22')}`, () => {
    const secret = new Uint8Array(32).fill(9);
    for (const at of [0, 15, 31]) {
      const guess = counting(secret.map((byte, index) => (index === at ? 1 : byte)));
      const own = counting(secret);
      expect(timingSafeEqual(own.bytes, guess.bytes)).toBe(false);
      expect([own.reads(), guess.reads()]).toEqual([32, 32]);
    }
  });
});
