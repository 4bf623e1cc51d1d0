import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64url, encodeBase64url } from '../../src/runtime/base64url.js';

describe('encodeBase64url', () => {
  it('writes the examples of RFC 4648 section 10 without padding', () => {
    const examples = { '': '', f: 'Zg', fo: 'Zm8', foo: 'Zm9v', foob: 'Zm9vYg', fooba: 'Zm9vYmE', foobar: 'Zm9vYmFy' };
    for (const [text, encoded] of Object.entries(examples)) expect(encodeBase64url(Buffer.from(text))).toBe(encoded);
    expect(encodeBase64url(new Uint8Array([0xfb, 0xef, 0xff]))).toBe('--__');
  });

  it('equals what Node writes and is read back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = encodeBase64url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64url'));
        expect(decodeBase64url(text)).toEqual(bytes);
      }),
    );
  });
});

describe('decodeBase64url', () => {
  it('reads nothing but what the encoder writes', () => {
    const near = fc.string({ unit: fc.constantFrom(...Array.from('AQgw-_+/= \n.é€Zz09')), maxLength: 12 });
    fc.assert(
      fc.property(near, (text) => {
        const bytes = decodeBase64url(text);
        // Node's reader skips what it does not know, so that only canonical text survives its round trip.
        const canonical = Buffer.from(text, 'base64url').toString('base64url') === text;
        expect(bytes !== undefined && encodeBase64url(bytes) === text).toBe(canonical);
        expect(bytes === undefined).toBe(!canonical);
      }),
      { numRuns: 500 },
    );
  });

  it.each(['A', 'AAAAA', 'AA==', 'AAA=', 'AB', 'AAB', 'A+', 'A/', 'AA ', ' AA', 'AA\n', 'A\u0100', 'ＡＡ'])(
    'refuses %j',
    (text) => {
      expect(decodeBase64url(text)).toBeUndefined();
    },
  );
});
