import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { malformedCredential, readAuthorization } from '../../src/guard/credentials-header.js';
import { anyText } from '../any-text.js';
import basic from '../vectors/basic-auth.json' with { type: 'json' };

const sent = (...values: readonly string[]): { headerValues(name: string): readonly string[] } => ({
  headerValues: (name) => (name === 'authorization' ? values : []),
});

describe('readAuthorization', () => {
  it('reads the token of its scheme, whatever the case and however many spaces', () => {
    const token = fc.stringMatching(/^[A-Za-z0-9\-._~+/]{1,60}={0,2}$/);
    const spelling = fc.constantFrom('Bearer', 'bearer', 'BEARER', 'bEaReR');
    fc.assert(
      fc.property(token, spelling, spelling, fc.integer({ min: 1, max: 4 }), (text, written, asked, spaces) => {
        expect(readAuthorization(sent(written + ' '.repeat(spaces) + text), asked)).toBe(text);
        expect(readAuthorization(sent(`${written} ${text}`), 'Basic')).toBeUndefined();
      }),
    );
    for (const { header } of basic.vectors)
      expect(`Basic ${String(readAuthorization(sent(header), 'Basic'))}`).toBe(header);
  });

  it('is undefined without the header, and for another scheme', () => {
    expect(readAuthorization(sent(), 'Bearer')).toBeUndefined();
    for (const value of ['Basic YQ==', 'Bearerx abc', 'Beare abc', '', 'DPoP a, Basic b']) {
      expect(readAuthorization(sent(value), 'Bearer')).toBeUndefined();
    }
  });

  it(`is malformed when Authorization came twice, also as one joined line ${requirement('C10')}`, () => {
    expect(readAuthorization(sent('Bearer a', 'Bearer a'), 'Bearer')).toBe(malformedCredential);
    expect(readAuthorization(sent('Basic YQ==', 'Bearer a'), 'Bearer')).toBe(malformedCredential);
    expect(readAuthorization(sent('Bearer a, Bearer b'), 'Bearer')).toBe(malformedCredential);
    expect(readAuthorization(sent('Bearer a,Basic b'), 'Bearer')).toBe(malformedCredential);
    expect(readAuthorization(sent('Bearer, Basic b'), 'Bearer')).toBe(malformedCredential);
  });

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer\ta',
    'Bearer a b',
    'Bearer =',
    'Bearer a=b',
    'Bearer "a"',
    'Bearer a\n',
    'Bearer é',
    'Bearer a\u0000',
    'Bearer token="a"',
  ])('is malformed for %j', (value) => {
    expect(readAuthorization(sent(value), 'Bearer')).toBe(malformedCredential);
  });

  it('never gives anything but token68', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 20 }), (rest) => {
        const token = readAuthorization(sent(`Bearer ${rest}`), 'Bearer');
        const good = /^ *([A-Za-z0-9\-._~+/]+=*)$/.exec(rest)?.[1];
        expect(token).toBe(good ?? malformedCredential);
      }),
      { numRuns: 500 },
    );
  });
});
