import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Challenge, formatChallenges, parseChallenges } from '../../src/guard/challenge.js';
import { anyText } from '../any-text.js';

const tokenText = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/);
const printable = fc.stringMatching(/^[\x20-\x7e]{0,30}$/);
const oauthText = fc.stringMatching(/^[\x20\x21\x23-\x5b\x5d-\x7e]{0,30}$/);
const oauthNames = ['scope', 'error', 'error_description', 'error_uri'];
const parameter = fc.oneof(
  fc
    .tuple(
      tokenText.map((name) => name.toLowerCase()),
      printable,
    )
    .filter(([name]) => name !== 'scope' && !name.startsWith('error')),
  fc.tuple(fc.constantFrom(...oauthNames), oauthText),
);
const withParams: fc.Arbitrary<Challenge> = fc.record({
  scheme: tokenText,
  params: fc.array(parameter, { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
});
const withToken: fc.Arbitrary<Challenge> = fc.record({
  scheme: tokenText,
  params: fc.constant({}),
  token68: fc.stringMatching(/^[A-Za-z0-9\-._~+/]{1,20}={0,2}$/),
});
const challenges = fc.array(fc.oneof(withParams, withToken), { maxLength: 4 });

describe('formatChallenges', () => {
  it(`puts every scheme into one field value, realm as a quoted string and nothing around "=" ${requirement('C15')}`, () => {
    const value = formatChallenges([
      { scheme: 'Bearer', params: { realm: 'api "v1"', error: 'invalid_token' } },
      { scheme: 'DPoP', params: { algs: 'ES256 EdDSA' } },
      { scheme: 'Negotiate', params: {} },
      { scheme: 'Basic', params: {}, token68: 'YQ==' },
    ]);
    expect(value).toBe(
      'Bearer realm="api \\"v1\\"", error="invalid_token", DPoP algs="ES256 EdDSA", Negotiate, Basic YQ==',
    );
    fc.assert(
      fc.property(fc.array(withParams, { minLength: 1, maxLength: 3 }), (list) => {
        const outside = formatChallenges(list).replace(/"(?:[^"\\]|\\.)*"/g, '""');
        expect(outside).not.toMatch(/ =|=[^"]/);
      }),
    );
  });

  it(`keeps error texts and scopes in the characters of RFC 6750 ${requirement('C14')}`, () => {
    fc.assert(
      fc.property(fc.constantFrom(...oauthNames), anyText({ maxLength: 40 }), (name, text) => {
        const value = formatChallenges([{ scheme: 'Bearer', params: { [name]: text } }]);
        expect(value).toMatch(/^Bearer [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*"$/);
      }),
      { numRuns: 300 },
    );
  });

  it(`refuses a parameter given twice in two letter cases ${requirement('C14')}`, () => {
    for (const name of ['realm', 'scope', 'error']) {
      const params = { [name]: 'a', [name.toUpperCase()]: 'b' };
      expect(() => formatChallenges([{ scheme: 'Bearer', params }])).toThrow(/^challenge\.params: /);
    }
  });

  it('lets no value end the field or leave printable ASCII', () => {
    fc.assert(
      fc.property(anyText(), (realm) => {
        const value = formatChallenges([{ scheme: 'Bearer', params: { realm } }]);
        expect(value).toMatch(/^[\x20-\x7e]*$/);
        expect(parseChallenges(value)?.[0]?.params['realm']).toBe(realm.replace(/[^\x20-\x7e]/g, '?'));
      }),
    );
  });

  it('refuses what is no token', () => {
    expect(() => formatChallenges([{ scheme: 'Bea rer', params: {} }])).toThrow(/^challenge\.scheme: /);
    expect(() => formatChallenges([{ scheme: '', params: {} }])).toThrow(/^challenge\.scheme: /);
    expect(() => formatChallenges([{ scheme: 'A', params: { 'a b': '' } }])).toThrow(/^challenge\.params: /);
    expect(() => formatChallenges([{ scheme: 'A', params: {}, token68: 'a b' }])).toThrow(/^challenge\.token68: /);
    expect(() => formatChallenges([{ scheme: 'A', params: { a: 'b' }, token68: 'ab' }])).toThrow(
      /^challenge\.token68: /,
    );
  });
});

describe('parseChallenges', () => {
  it(`reads back whatever the formatter writes ${requirement('C16')}`, () => {
    fc.assert(
      fc.property(challenges, (list) => {
        expect(parseChallenges(formatChallenges(list))).toEqual(list);
      }),
      { numRuns: 300 },
    );
  });

  it(`reads the example of RFC 9110 section 11.6.1 ${requirement('C16')}`, () => {
    expect(parseChallenges('Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""')).toEqual([
      { scheme: 'Basic', params: { realm: 'simple' } },
      { scheme: 'Newauth', params: { realm: 'apps', type: '1', title: 'Login to "apps"' } },
    ]);
  });

  it.each<[string, readonly Challenge[]]>([
    ['', []],
    [' , ,\t', []],
    ['Basic', [{ scheme: 'Basic', params: {} }]],
    [
      ', ,Basic , , Bearer ,',
      [
        { scheme: 'Basic', params: {} },
        { scheme: 'Bearer', params: {} },
      ],
    ],
    ['Basic ,, realm=x', [{ scheme: 'Basic', params: { realm: 'x' } }]],
    ['Basic a=b,,c = "d" ,\te=f,', [{ scheme: 'Basic', params: { a: 'b', c: 'd', e: 'f' } }]],
    [
      'Negotiate abc==, NTLM',
      [
        { scheme: 'Negotiate', params: {}, token68: 'abc==' },
        { scheme: 'NTLM', params: {} },
      ],
    ],
    // By the grammar this is a token68, not an empty parameter.
    ['Basic realm=', [{ scheme: 'Basic', params: {}, token68: 'realm=' }]],
    [
      'Negotiate a=, B',
      [
        { scheme: 'Negotiate', params: {}, token68: 'a=' },
        { scheme: 'B', params: {} },
      ],
    ],
    ['Digest a="\\\\\\"\\q,", b=c', [{ scheme: 'Digest', params: { a: '\\"q,', b: 'c' } }]],
    ['BEARER  REALM=""', [{ scheme: 'BEARER', params: { realm: '' } }]],
    ['Bearer __proto__="x"', [{ scheme: 'Bearer', params: Object.fromEntries([['__proto__', 'x']]) }]],
  ])(`understands %j ${requirement('C16')}`, (value, expected) => {
    expect(parseChallenges(value)).toEqual(expected);
  });

  it.each([
    'Basic realm="x',
    'Basic realm="x" y="z"',
    'Basic a=b, realm=',
    'Basic realm="a", REALM="b"',
    'Basic, realm=x',
    'Basic\trealm=x',
    'Basic foo bar',
    'Basic foo realm=x',
    'Basic abc==, realm=x',
    '=x',
    'Basic "x"',
    'Basic a="\u0001"',
    'Basic a="\u0100"',
    'Basic a=b\nX',
    'Ba(sic) a=b',
    'Basic a==b',
  ])('refuses %j', (value) => {
    expect(parseChallenges(value)).toBeUndefined();
  });

  it('compares schemes and parameter names without regard to case', () => {
    expect(parseChallenges('bEaReR ReAlM="X"')).toEqual([{ scheme: 'bEaReR', params: { realm: 'X' } }]);
  });

  it('answers on junk, and in linear time', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('aB=", \\\t1')), maxLength: 30 }), (value) => {
        const parsed = parseChallenges(value);
        const again = parsed === undefined ? undefined : parseChallenges(formatChallenges(parsed));
        expect(again?.length).toBe(parsed?.length);
      }),
      { numRuns: 1000 },
    );
    for (const value of [
      `Basic a="${'\\"'.repeat(50_000)}"`,
      `A ${'a='.repeat(50_000)}`,
      ', '.repeat(50_000),
      `A ${'b '.repeat(50_000)}`,
    ]) {
      expect(() => parseChallenges(value)).not.toThrow();
    }
  });
});
