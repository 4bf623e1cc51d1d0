import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CookieAttributes,
  expireCookie,
  lastOfEachCookie,
  readCookie,
  serializeCookie,
} from '../../src/cookies/index.js';
import { isPortcullisError } from '../../src/errors/portcullis-error.js';
import { anyText } from '../any-text.js';
import vectors from '../vectors/cookie-prefixes.json' with { type: 'json' };

const host = { secure: true, path: '/' } as const;

/** A vector's row as the arguments that would write it. */
function argumentsOf(row: string): [name: string, value: string, attributes: CookieAttributes] {
  const [pair = '', ...rest] = row.split('; ');
  const [name = '', value = ''] = pair.split('=');
  const attribute = (key: string): string | undefined =>
    rest.find((text) => text.startsWith(`${key}=`))?.slice(key.length + 1);
  return [name, value, { domain: attribute('Domain'), path: attribute('Path'), secure: rest.includes('Secure') }];
}

function settingOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    if (isPortcullisError(error, 'invalid_option')) return error.message.split(':', 1)[0];
    throw error;
  }
  return undefined;
}

describe('serializeCookie', () => {
  it('writes every attribute once, in a fixed order', () => {
    const attributes = {
      domain: 'example.org',
      path: '/a',
      maxAge: 60,
      secure: true,
      httpOnly: true,
      sameSite: 'lax',
      partitioned: true,
      priority: 'high',
    } as const;
    expect(serializeCookie('a', 'b', attributes)).toBe(
      'a=b; Max-Age=60; Domain=example.org; Path=/a; Secure; HttpOnly; SameSite=Lax; Partitioned; Priority=High',
    );
    expect(serializeCookie('a', '', { secure: false, httpOnly: false, partitioned: false, maxAge: 0 })).toBe(
      'a=; Max-Age=0',
    );
  });

  it.each(vectors.accepted)('writes %j', (row) => {
    expect(
      serializeCookie(...argumentsOf(row))
        .split('; ')
        .sort(),
    ).toEqual(row.split('; ').sort());
  });

  it.each([...vectors.rejectedByUserAgent, ...vectors.rejectedServerSection])(
    `refuses %j, which a browser would drop ${requirement('S12')}`,
    (row) => {
      expect(settingOf(() => serializeCookie(...argumentsOf(row)))).toMatch(/^cookie\.(secure|domain|path)$/);
    },
  );

  it(`demands what a name prefix demands, in any letter case ${requirement('S12')}`, () => {
    for (const prefix of ['__Host-', '__host-', '__HOST-', '__hOsT-']) {
      expect(settingOf(() => serializeCookie(`${prefix}a`, 'b', { path: '/' }))).toBe('cookie.secure');
      expect(settingOf(() => serializeCookie(`${prefix}a`, 'b', { secure: true }))).toBe('cookie.path');
      expect(settingOf(() => serializeCookie(`${prefix}a`, 'b', { secure: true, path: '/a' }))).toBe('cookie.path');
      expect(settingOf(() => serializeCookie(`${prefix}a`, 'b', { ...host, domain: 'example.org' }))).toBe(
        'cookie.domain',
      );
      expect(serializeCookie(`${prefix}a`, 'b', host)).toBe(`${prefix}a=b; Path=/; Secure`);
    }
    expect(settingOf(() => serializeCookie('__sEcUrE-a', 'b'))).toBe('cookie.secure');
    expect(settingOf(() => serializeCookie('__Http-a', 'b', { secure: true }))).toBe('cookie.httpOnly');
    expect(settingOf(() => serializeCookie('__Host-Http-a', 'b', host))).toBe('cookie.httpOnly');
    expect(settingOf(() => serializeCookie('__Host-Http-a', 'b', { secure: true, httpOnly: true }))).toBe(
      'cookie.path',
    );
    expect(serializeCookie('__Hosted', 'b')).toBe('__Hosted=b');
  });

  it(`refuses SameSite=None, and Partitioned, without Secure ${requirement('S13')}`, () => {
    expect(settingOf(() => serializeCookie('a', 'b', { sameSite: 'none' }))).toBe('cookie.secure');
    expect(settingOf(() => serializeCookie('a', 'b', { partitioned: true }))).toBe('cookie.secure');
    expect(serializeCookie('a', 'b', { sameSite: 'none', secure: true })).toBe('a=b; Secure; SameSite=None');
  });

  it(`writes only token names and cookie-octet values ${requirement('S14')}`, () => {
    for (const character of '\r\n;, "\\\t\u0000\u007fé€') {
      expect(settingOf(() => serializeCookie('a', `b${character}c`))).toBe('cookie.value');
      expect(settingOf(() => serializeCookie(`a${character}`, 'b'))).toBe('cookie.name');
      expect(settingOf(() => serializeCookie('a', 'b', { path: `/${character}` }))).toBe(
        /[,"\\]/.test(character) ? undefined : 'cookie.path',
      );
      expect(settingOf(() => serializeCookie('a', 'b', { domain: `a${character}b` }))).toBe('cookie.domain');
    }
    fc.assert(
      fc.property(anyText({ maxLength: 6 }), anyText({ maxLength: 12 }), (name, value) => {
        if (settingOf(() => serializeCookie(name, value)) !== undefined) return;
        expect(serializeCookie(name, value)).toMatch(
          /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+=[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/,
        );
        expect(readCookie([`x=1; ${serializeCookie(name, value)}`], name)).toBe(value);
      }),
      { numRuns: 500 },
    );
  });

  it(`refuses a nameless cookie, and writes no attribute twice ${requirement('S15')}`, () => {
    expect(settingOf(() => serializeCookie('', 'b'))).toBe('cookie.name');
    expect(settingOf(() => expireCookie(''))).toBe('cookie.name');
    const names = expireCookie('__Host-a', {
      ...host,
      httpOnly: true,
      sameSite: 'strict',
      partitioned: true,
      priority: 'low',
    })
      .split('; ')
      .slice(1)
      .map((text) => text.split('=', 1)[0]?.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
  });

  it(`refuses more than 4096 bytes of name and value ${requirement('S16')}`, () => {
    expect(serializeCookie('ab', 'x'.repeat(4094))).toHaveLength(4097);
    expect(settingOf(() => serializeCookie('ab', 'x'.repeat(4095)))).toBe('cookie.value');
    expect(settingOf(() => serializeCookie('a', 'b', { path: `/${'x'.repeat(1024)}` }))).toBe('cookie.path');
    expect(settingOf(() => serializeCookie('a', 'b', { domain: 'x'.repeat(1025) }))).toBe('cookie.domain');
  });

  it(`refuses a Max-Age beyond 400 days ${requirement('S17')}`, () => {
    expect(serializeCookie('a', 'b', { maxAge: 34_560_000 })).toBe('a=b; Max-Age=34560000');
    for (const maxAge of [34_560_001, Number.POSITIVE_INFINITY, Number.NaN, 1.5, -1]) {
      expect(settingOf(() => serializeCookie('a', 'b', { maxAge }))).toBe('cookie.maxAge');
    }
  });

  it('refuses a domain or path that a browser would ignore', () => {
    for (const domain of ['', '.example.org', 'example.org.', 'a b', 'a;b']) {
      expect(settingOf(() => serializeCookie('a', 'b', { domain }))).toBe('cookie.domain');
    }
    for (const path of ['', 'a', '/a;b'])
      expect(settingOf(() => serializeCookie('a', 'b', { path }))).toBe('cookie.path');
    expect(settingOf(() => serializeCookie('a', 'b', { sameSite: 'None' as 'none' }))).toBe('cookie.sameSite');
    expect(settingOf(() => serializeCookie('a', 'b', { priority: 'x' as 'low' }))).toBe('cookie.priority');
  });

  it(`never shows the value in its error ${requirement('C26')}`, () => {
    expect(() => serializeCookie('a', 'canary-4Zk9;')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('canary') as string }),
    );
  });
});

describe('expireCookie', () => {
  it('removes the cookie with the same name, path and flags', () => {
    const attributes = { ...host, httpOnly: true, sameSite: 'lax' } as const;
    expect(expireCookie('__Host-sid', attributes)).toBe(
      '__Host-sid=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    );
    expect(settingOf(() => expireCookie('__Host-sid', { path: '/' }))).toBe('cookie.secure');
  });
});

describe('lastOfEachCookie', () => {
  it(`keeps one Set-Cookie of a name: the last ${requirement('S15')}`, () => {
    const [one, two, three] = [serializeCookie('a', '1'), serializeCookie('b', '2'), expireCookie('a')];
    expect(lastOfEachCookie([one, two, three])).toEqual([two, three]);
    expect(lastOfEachCookie([one, two])).toEqual([one, two]);
    expect(lastOfEachCookie([serializeCookie('A', '1'), one])).toHaveLength(2);
  });
});
