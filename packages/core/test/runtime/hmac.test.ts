import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHmac, type Hmac, nativeHmac, nobleHmac } from '../../src/runtime/hmac.js';
import { nativeCrypto } from '../../src/runtime/native-crypto.js';
import { anyText } from '../any-text.js';
import vectors from '../vectors/hmac-sha256.json' with { type: 'json' };

const native = (key: Uint8Array): Hmac => {
  const crypto = nativeCrypto();
  return crypto ? nativeHmac(key, crypto) : nobleHmac(key);
};
const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

describe('createHmac', () => {
  it.each(vectors.cases)('knows the answer of RFC 4231 case $case', ({ key, data, mac }) => {
    for (const make of [nobleHmac, native, createHmac]) {
      const bytes = make(fromHex(key)).bytes(fromHex(data));
      expect(Buffer.from(bytes).toString('hex').slice(0, mac.length)).toBe(mac);
      expect(bytes).toHaveLength(32);
    }
  });

  it('gives the same natively and by noble, whatever came before and whatever the sizes', () => {
    const message = fc.oneof(anyText({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }));
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 150 }),
        fc.array(message, { minLength: 1, maxLength: 5 }),
        (key, messages) => {
          const [a, b] = [native(key), nobleHmac(key)];
          for (const text of messages) {
            expect(a.text(text)).toBe(b.text(text));
            expect(a.bytes(text)).toEqual(b.bytes(text));
          }
        },
      ),
    );
  });

  it('takes messages around and beyond the size of its scratch space', () => {
    const key = new Uint8Array(32).fill(7);
    const [a, b] = [native(key), nobleHmac(key)];
    for (const length of [0, 1, 1365, 1366, 4095, 4096, 4097, 20_000]) {
      for (const text of ['x'.repeat(length), '€'.repeat(length)]) {
        expect(a.text(text)).toBe(b.text(text));
        expect(a.text(Buffer.from(text))).toBe(b.text(text));
      }
    }
  });

  it('keeps its own copy of the key', () => {
    const key = new Uint8Array(32).fill(1);
    const mac = createHmac(key);
    const before = mac.text('m');
    key.fill(0);
    expect(mac.text('m')).toBe(before);
    expect(mac.text('x'.repeat(9000))).toBe(createHmac(new Uint8Array(32).fill(1)).text('x'.repeat(9000)));
  });

  it('verifies its own MAC and no other', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(42), (message, at) => {
        const mac = createHmac(new Uint8Array(32).fill(3));
        const good = mac.text(message);
        const bad = good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1);
        expect(mac.verify(message, good)).toBe(true);
        expect(mac.verify(message, bad)).toBe(false);
        expect(mac.verify(`${message}.`, good)).toBe(false);
        expect(mac.verify(message, good.slice(0, -1))).toBe(false);
        expect(mac.verify(message, '')).toBe(false);
      }),
    );
  });
});
