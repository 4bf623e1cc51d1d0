import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeReturnTo } from '../../src/guard/return-to.js';

const origin = 'https://app.example.org';
const options = { origin, fallback: '/home' };

describe('safeReturnTo', () => {
  it.each([
    '/',
    '/posts',
    '/posts/1?next=/a//b&u=https://x.example/#top',
    '/a%20b',
    '/@me',
    '/a:b',
    '/?q=%2F%2F',
    '/..',
    '/a/../b',
    '/%2e',
  ])('keeps the path %j', (value) => {
    expect(safeReturnTo(value, options)).toBe(value);
  });

  it('makes a path of an absolute URL of its own origin', () => {
    expect(safeReturnTo(`${origin}/posts?a=1#b`, options)).toBe('/posts?a=1#b');
  });

  it.each([
    '//evil.example',
    '///evil.example',
    '////evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/\r/evil.example',
    '\t//evil.example',
    ' //evil.example',
    ' /posts',
    '/po sts',
    '/%09/evil.example',
    '/%0d%0aSet-Cookie:a=b',
    '/%2f/evil.example',
    '/%2Fevil.example',
    '/%5cevil.example',
    '/%5Cevil.example',
    '/%252fevil.example',
    '/%25255cevil.example',
    '/%00',
    '/..//evil.example',
    '/.//evil.example',
    '/a//evil.example',
    '/%2e%2e//evil.example',
    'https://evil.example',
    'https://evil.example/',
    'HTTPS://APP.EXAMPLE.ORG/',
    'http://app.example.org/',
    'https:/evil.example',
    'https:evil.example',
    'https:///evil.example',
    'https://app.example.org@evil.example/',
    'https://app.example.org:pw@evil.example/',
    'https://app.example.org.evil.example/',
    'https://app.example.org:8443/',
    'https://app.example.org//evil.example',
    'https://app.example.org/\\evil.example',
    'https://app.example.org\\@evil.example/',
    'https://app.example.org',
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'evil.example',
    './posts',
    '?a=b',
    '#a',
    '',
    '/／evil.example',
    '/\u3000',
    '／／evil.example',
    '/\u2028/evil.example',
    '/\ufeff/evil.example',
    '//evil。example',
    '/é',
    '/\u0000',
    '/\u007f',
    `/${'a'.repeat(2048)}`,
  ])(`refuses %j ${requirement('C27')}`, (value) => {
    expect(safeReturnTo(value, options)).toBe('/home');
  });

  it(`refuses what is no string ${requirement('C27')}`, () => {
    const objects = [undefined, null, 1, true, ['/a'], { toString: () => '/a' }, new URL('https://app.example.org/a')];
    for (const value of objects) expect(safeReturnTo(value, options)).toBe('/home');
    expect(safeReturnTo(undefined, { origin })).toBe('/');
  });

  it(`gives nothing that a browser resolves to another origin ${requirement('C27')}`, () => {
    const piece = fc.constantFrom(
      '/',
      '//',
      '\\',
      '\t',
      '\n',
      '\r',
      ' ',
      '\u0000',
      '@',
      ':',
      '.',
      '..',
      '%2f',
      '%5c',
      '%09',
      '%252f',
      '?',
      '#',
      ';',
      '&',
      'http:',
      'https:',
      'HTTPS://',
      'javascript:',
      'evil.example',
      'app.example.org',
      origin,
      'user',
      '[::1]',
      '127.0.0.1',
      '。',
      '／',
      'a',
      'é',
    );
    const crafted = fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(
        fc.oneof(
          crafted,
          crafted.map((text) => `/${text}`),
          crafted.map((text) => `${origin}/${text}`),
          fc.string(),
          fc.webUrl(),
        ),
        (value) => {
          const target = safeReturnTo(value, options);
          const url = new URL(target, `${origin}/login/callback`);
          expect(url.origin).toBe(origin);
          expect([url.username, url.password]).toEqual(['', '']);
          expect(target).toMatch(/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/);
          // What the browser makes of it stays a path, also when something cuts the origin off and resolves it again.
          expect(new URL(url.pathname + url.search, origin).origin).toBe(origin);
          // One decoding more, as some proxies do.
          const path = target.split(/[?#]/, 1)[0] ?? '';
          expect(path.replace(/%25/g, '%').replace(/%2f/gi, '/').replace(/%5c/gi, '\\')).toMatch(/^\/(?![/\\])/);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('refuses a wrong configuration', () => {
    for (const wrong of [
      'https://app.example.org/',
      'app.example.org',
      'null',
      '',
      'https://APP.example.org',
      'javascript:x',
    ]) {
      expect(() => safeReturnTo('/', { origin: wrong })).toThrow(/^origin: /);
    }
    for (const fallback of ['https://evil.example/', '//evil.example', 'home', '']) {
      expect(() => safeReturnTo('/a', { origin, fallback })).toThrow(/^fallback: /);
    }
  });
});
