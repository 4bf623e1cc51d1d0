import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBase64url } from '../../src/runtime/base64url.js';
import { nativeSha256, nobleSha256, sha256, sha256Bytes } from '../../src/runtime/sha256.js';
import { anyText } from '../any-text.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('sha256', () => {
  it('knows the answers of FIPS 180-4', () => {
    for (const implementation of [nobleSha256, nativeSha256() ?? nobleSha256]) {
      expect(hex(implementation.bytes(''))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
      expect(hex(implementation.bytes('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
      expect(implementation.text('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
    }
  });

  it.runIf(process.versions.bun === undefined && process.versions.deno === undefined)(
    'finds the native one-shot hash on Node',
    () => {
      expect(nativeSha256()).toBeDefined();
    },
  );

  it('gives the same natively and by noble, for text with lone surrogates and for bytes', () => {
    const native = nativeSha256() ?? nobleSha256;
    fc.assert(
      fc.property(anyText({ maxLength: 300 }), fc.array(fc.integer({ min: 0xd7ff, max: 0xe000 })), (text, units) => {
        const odd = text + String.fromCharCode(...units);
        expect(native.text(odd)).toBe(nobleSha256.text(odd));
        expect(native.bytes(odd)).toEqual(nobleSha256.bytes(odd));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        expect(native.text(data)).toBe(nobleSha256.text(data));
        expect(native.bytes(data)).toEqual(nobleSha256.bytes(data));
      }),
    );
  });

  it('gives text that is the base64url of the bytes, in arrays of its own', () => {
    expect(sha256('key')).toBe(encodeBase64url(sha256Bytes('key')));
    const first = sha256Bytes('key');
    first.fill(0);
    expect(sha256Bytes('key')).not.toEqual(first);
    expect(Object.getPrototypeOf(sha256Bytes('key'))).toBe(Uint8Array.prototype);
  });
});
