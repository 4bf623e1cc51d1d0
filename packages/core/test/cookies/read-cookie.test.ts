import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplicateCookie, parseCookies, readCookie, serializeCookie } from '../../src/cookies/index.js';
import vectors from '../vectors/cookie-prefixes.json' with { type: 'json' };

const name = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,8}$/);
const value = fc.stringMatching(/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{0,20}$/);

describe('readCookie', () => {
  it('finds each of the cookies that were sent', () => {
    const pairs = fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 6 });
    fc.assert(
      fc.property(pairs, (list) => {
        const field = list.map(([key, text]) => serializeCookie(key, text)).join('; ');
        for (const [key, text] of list) expect(readCookie([field], key)).toBe(text);
        expect(parseCookies([field])).toEqual(new Map(list));
      }),
    );
  });

  it('agrees with parseCookies on any input', () => {
    const junk = fc.string({
      unit: fc.constantFrom('a', 'b', 'aa', '=', ';', ' ', '\t', '"', ',', '%41', 'é'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.array(junk, { maxLength: 3 }), fc.constantFrom('a', 'b', 'aa', 'ab', 'aaa'), (fields, asked) => {
        expect(readCookie(fields, asked)).toBe(parseCookies(fields).get(asked));
      }),
      { numRuns: 1000 },
    );
  });

  it(`takes several Cookie fields as one ${requirement('S18')}`, () => {
    const fields = ['a=1', 'sid=x; b=2', 'c=3'];
    expect(readCookie(fields, 'sid')).toBe('x');
    expect(readCookie(fields, 'a')).toBe('1');
    expect(parseCookies(fields)).toEqual(parseCookies(['a=1; sid=x; b=2; c=3']));
    const pairs = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'sid'), value), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(pairs, (list) => {
        const lines = list.map(([key, text]) => `${key}=${text}`);
        expect(readCookie(lines, 'sid')).toBe(readCookie([lines.join('; ')], 'sid'));
      }),
    );
  });

  it(`tells two cookies of one name apart from one, wherever they stand ${requirement('S19')}`, () => {
    for (const fields of [
      ['sid=1; sid=2'],
      ['sid=1', 'sid=2'],
      ['sid=1; a=b; sid=1'],
      ['sid=; sid='],
      ['sid=1; sid=2; sid=3'],
    ]) {
      expect(readCookie(fields, 'sid')).toBe(duplicateCookie);
      expect(parseCookies(fields).get('sid')).toBe(duplicateCookie);
    }
    expect(readCookie(['sid=1; xsid=2; sidx=3; SID=4'], 'sid')).toBe('1');
  });

  it(`matches names by exact case ${requirement('S20')}`, () => {
    expect(readCookie(['__host-sid=evil'], '__Host-sid')).toBeUndefined();
    expect(readCookie(['__HOST-sid=evil; __Host-sid=good; __host-sid=evil'], '__Host-sid')).toBe('good');
    const { cookieHeader, expected } = vectors.impersonation;
    for (const [key, text] of Object.entries(expected)) expect(readCookie([cookieHeader], key)).toBe(text);
  });

  it.each([
    ['sid=a=b', 'a=b'],
    [' sid=x ; a=b', 'x'],
    ['a=b;sid=x', 'x'],
    ['\tsid=x\t', 'x'],
    ['sid="x"', '"x"'],
    ['sid=%41', '%41'],
    ['sid=', ''],
    ['a=sid=x', undefined],
    ['a="; sid=x"', 'x"'],
    ['=sid=x', undefined],
    ['sid', undefined],
    ['sid =x', undefined],
    ['x sid=x', undefined],
    ['sid,a=b', undefined],
    ['', undefined],
  ])('reads %j as %j', (field, expected) => {
    expect(readCookie([field], 'sid')).toBe(expected);
  });

  it('is linear in long and hostile fields', () => {
    for (const field of [
      ' '.repeat(200_000),
      'sid '.repeat(50_000),
      'sid='.repeat(50_000),
      `sid=${' '.repeat(100_000)}x`,
      ';'.repeat(200_000),
    ]) {
      expect(() => [readCookie([field], 'sid'), parseCookies([field])]).not.toThrow();
    }
  });
});
