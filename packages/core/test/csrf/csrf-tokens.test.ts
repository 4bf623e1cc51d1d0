import { createHmac } from 'node:crypto';
import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCsrfTokens, isJsonContentType } from '../../src/csrf/index.js';

const key = new Uint8Array(32).fill(1);
const tokens = createCsrfTokens({ key });

describe('createCsrfTokens', () => {
  it(`makes an HMAC over the length-prefixed session id and random bits ${requirement('X7')}`, () => {
    const token = createCsrfTokens({ key, random: (count) => new Uint8Array(count).fill(2) }).issue('session-1');
    const [nonce = '', mac] = token.split('.');
    expect(Buffer.from(nonce, 'base64url')).toEqual(Buffer.alloc(16, 2));
    expect(mac).toBe(
      createHmac('sha256', key).update(`portcullis csrf v1!9!session-1!22!${nonce}`).digest('base64url'),
    );
  });

  it(`takes a token for its own session only ${requirement('X7')}`, () => {
    const id = fc.string({ minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(id, id, (mine, other) => {
        const token = tokens.issue(mine);
        expect(tokens.verify(mine, token)).toBe(true);
        expect(tokens.verify(other, token)).toBe(mine === other);
        expect(tokens.verify('', token)).toBe(false);
      }),
    );
  });

  it('gives another token each time', () => {
    expect(new Set(Array.from({ length: 100 }, () => tokens.issue('s'))).size).toBe(100);
  });

  it('refuses every change of a token', () => {
    const token = tokens.issue('s');
    for (let at = 0; at < token.length; at++) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
      expect(tokens.verify('s', changed)).toBe(false);
    }
    for (const wrong of [undefined, '', '.', `${token}A`, token.slice(1), ` ${token}`, 'x'.repeat(66)])
      expect(tokens.verify('s', wrong)).toBe(false);
  });

  it('takes tokens of a previous key, and of no other', () => {
    const next = createCsrfTokens({ key: new Uint8Array(32).fill(9), previousKeys: [key] });
    expect(next.verify('s', tokens.issue('s'))).toBe(true);
    expect(tokens.verify('s', next.issue('s'))).toBe(false);
  });

  it('refuses short keys and empty session ids', () => {
    expect(() => createCsrfTokens({ key: new Uint8Array(31) })).toThrow(/^key: /);
    expect(() => createCsrfTokens({ key, previousKeys: [new Uint8Array()] })).toThrow(/^key: /);
    expect(() => tokens.issue('')).toThrow(/^csrf: /);
  });
});

describe('isJsonContentType', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'APPLICATION/JSON',
    'application/problem+json',
    ' application/json ;x',
    'application/vnd.api+json',
  ])('takes %j', (type) => {
    expect(isJsonContentType(type)).toBe(true);
  });

  it.each([
    undefined,
    '',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
    'text/plain',
    'text/plain; charset=application/json',
    'text/plain;application/json',
    'application/json, text/plain',
    'application/json;x, text/plain',
    'text/plain, application/json',
    'application/jsonp',
    'text/json',
    'application/ json',
    'application/xml',
    'xapplication/json',
    'application/json/x',
    '+json',
    'application/+json',
  ])('refuses %j', (type) => {
    expect(isJsonContentType(type)).toBe(false);
  });
});
