import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientAddress, readTrustProxy, type TrustProxy } from '../../src/node/index.js';

describe('clientAddress', () => {
  it(`does not look at X-Forwarded-For unless a proxy is configured ${requirement('A5')}`, () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (fields) => {
        expect(clientAddress('192.0.2.1', fields, false)).toBe('192.0.2.1');
      }),
    );
  });

  it(`never reaches what stands left of the proxies' own entries ${requirement('A5')}`, () => {
    const addresses = fc.array(fc.ipV4(), { minLength: 1, maxLength: 4 });
    const forged = fc.array(fc.oneof(fc.ipV4(), fc.string({ maxLength: 10 })), { maxLength: 4 });
    fc.assert(
      fc.property(addresses, forged, fc.boolean(), (own, written, inLines) => {
        const entries = [...written, ...own];
        const fields = inLines ? entries : [entries.join(', ')];
        expect(clientAddress('192.0.2.1', fields, own.length)).toBe(own[0]);
      }),
    );
  });

  it('takes the outermost entry when fewer proxies were passed than are configured, and the peer when none was', () => {
    expect(clientAddress('192.0.2.1', ['203.0.113.9'], 3)).toBe('203.0.113.9');
    expect(clientAddress('192.0.2.1', [], 1)).toBe('192.0.2.1');
    expect(clientAddress(undefined, [], 1)).toBeUndefined();
  });

  it.each([
    ['203.0.113.9:4711', '203.0.113.9'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    [' 203.0.113.9\t', '203.0.113.9'],
    ['unknown', undefined],
    ['_hidden', undefined],
    ['', undefined],
    ['203.0.113.9 evil', undefined],
    ['1.2.3', undefined],
    ['localhost', undefined],
  ])('reads %j as %j', (text, address) => {
    expect(clientAddress('192.0.2.1', [text], 1)).toBe(address);
    expect(clientAddress(text, [], false)).toBe(address);
  });
});

describe('readTrustProxy', () => {
  it('takes false and whole numbers, and names the option otherwise', () => {
    expect(readTrustProxy(undefined)).toBe(false);
    expect(readTrustProxy(2)).toBe(2);
    for (const bad of [true, 0, -1, 1.5, 33, Number.NaN, '1', 'loopback'])
      expect(() => readTrustProxy(bad as TrustProxy)).toThrow(/^trustProxy: /);
  });
});
