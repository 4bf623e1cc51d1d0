import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictObject } from '../src/verify/strict-json.js';
import { createStrictReader } from '../src/verify/strict-reader.js';
import { encode, goodClaims, mint, mintText, verifierHarness } from './verify-harness.js';

/** Any UTF-16, lone surrogates included. */
const anyText = fc.string({ unit: fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)) });

const now = Date.UTC(2026, 0, 1);
const good = mint(goodClaims(now));
const reader = createStrictReader({ maxLength: 8192 });
const header = '{"alg":"HS256","typ":"at+jwt"}';
const payload = JSON.stringify(goodClaims(now));

/** Reads a token of exactly this header text and payload text; the signature is of the right form. */
const read = (headerText: string, payloadText: string = payload): unknown =>
  reader.read(mintText('HS256', headerText, payloadText));
const readBytes = (bytes: Uint8Array): unknown =>
  reader.read(`${encode(header)}.${Buffer.from(bytes).toString('base64url')}.AAAA`);

describe('createStrictReader', () => {
  it('reads a good token', () => {
    expect(reader.read(good)).toMatchObject({
      header: { alg: 'HS256', typ: 'at+jwt', kid: undefined, type: 'access' },
      claims: { sub: 'user-1' },
      input: good.slice(0, good.lastIndexOf('.')),
    });
  });

  it(`refuses every character outside base64url and dots ${requirement('J20')}`, () => {
    const around = [' ', '\n', '\t', '=', '+', '/', '~', '%', '\0', '"', ',', 'é', 'Ł', '\u{1f600}', '\u2028'];
    for (const character of around) {
      for (const at of [0, 5, good.indexOf('.') + 3, good.length - 4, good.length]) {
        expect(reader.read(good.slice(0, at) + character + good.slice(at))).toBe('malformed');
        expect(reader.read(good.slice(0, at) + character + good.slice(at + 1))).toBe('malformed');
      }
    }
  });

  it(`refuses characters whose low byte is base64url, which some decoders take for it ${requirement('J20')}`, () => {
    const [head = '', body = '', signature = ''] = good.split('.');
    const wide = (text: string): string => String.fromCharCode(text.charCodeAt(0) + 0x100) + text.slice(1);
    expect(reader.read(`${wide(head)}.${body}.${signature}`)).toBe('malformed');
    expect(reader.read(`${head}.${wide(body)}.${signature}`)).toBe('malformed');
    expect(reader.read(`${head}.${body}.${wide(signature)}`)).toBe('malformed');
  });

  it(`refuses base64url that is not canonical, in every part ${requirement('J21')}`, () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const parts = [
      encode('{"alg":"HS256","typ":"at+jwt" }'),
      encode(`${payload} `.padEnd(payload.length + 3 - ((payload.length + 2) % 3))),
      'AAA',
    ];
    let tried = 0;
    for (const [index, part] of parts.entries()) {
      if (part.length % 4 === 0) continue;
      const last = alphabet.indexOf(part.at(-1) as string);
      for (let extra = 1; extra < (part.length % 4 === 2 ? 16 : 4); extra++) {
        const spelled = parts.with(index, part.slice(0, -1) + alphabet.charAt(last | extra));
        expect(reader.read(spelled.join('.'))).toBe('encoding');
        tried++;
      }
      const impossible = parts.with(index, `${part}AAA`.slice(0, part.length - (part.length % 4) + 1));
      expect(reader.read(impossible.join('.'))).toBe('encoding');
    }
    expect(tried).toBeGreaterThan(3);
    expect(reader.read(parts.join('.'))).toMatchObject({ claims: { sub: 'user-1' } });
  });

  it(`refuses names that come twice in the header or the claims, at every depth ${requirement('J19')}`, () => {
    expect(read('{"alg":"HS256","typ":"at+jwt","alg":"HS256"}')).toBe('duplicate_name');
    expect(read('{"alg":"none","typ":"at+jwt","alg":"HS256"}')).toBe('duplicate_name');
    expect(read(header, payload.replace('{', '{"sub":"admin",'))).toBe('duplicate_name');
    expect(read(header, payload.replace('{', '{"\\u0073ub":"admin",'))).toBe('duplicate_name');
    expect(read(header, payload.replace('{', '{"sub" \n:"admin",'))).toBe('duplicate_name');
    expect(read(header, payload.replace('{', '{"cnf":{"jkt":"a","jkt":"b"},'))).toBe('duplicate_name');
    expect(read(header, payload.replace('{', '{"list":[1,{"a":[{"b":1,"b":1}]}],'))).toBe('duplicate_name');
  });

  it.each([
    '{"a":"\\":","b":"x\\\\"}',
    '{"a":":","b":{":":1,"\\":":2},"c":[":",{"d":"\\\\\\":"}]}',
    '{"a\\"":1,"a":2,"\\u0061a":3}',
    '{ "a" : 1 ,\n"b"\t:\r{ } }',
    '{"a":1,"A":2,"":3," ":4}',
  ])('is not misled by colons, quotes and backslashes inside strings: %s', (text) => {
    expect(parseStrictObject(text)).toEqual(JSON.parse(text));
  });

  it(`refuses crit, whatever it names ${requirement('J18')}`, () => {
    for (const crit of ['["exp"]', '["b64"]', '["unknown"]', '[]', 'null', '"alg"', '{}']) {
      expect(read(`{"alg":"HS256","typ":"at+jwt","crit":${crit},"exp":1,"b64":true}`)).toBe('critical_header');
    }
    expect(read('{"alg":"HS256","typ":"at+jwt","b64":false}')).toBe('header');
  });

  it(`takes alg by its exact name only ${requirement('J24', 'J1')}`, () => {
    for (const alg of [
      'none',
      'NONE',
      'nOnE',
      'None',
      'hs256',
      'Hs256',
      'HS256 ',
      ' HS256',
      'eddsa',
      'HMAC',
      'RS1',
      'HS128',
      '',
    ]) {
      expect(read(`{"alg":${JSON.stringify(alg)},"typ":"at+jwt"}`)).toBe('algorithm');
    }
    for (const alg of ['null', '1', '["HS256"]', '{"HS256":1}', 'true']) expect(read(`{"alg":${alg}}`)).toBe('header');
    expect(read('{"typ":"at+jwt"}')).toBe('header');
    expect(read('{"alg":"__proto__"}')).toBe('algorithm');
    expect(read('{"alg":"constructor"}')).toBe('algorithm');
  });

  it(`refuses bytes that are not UTF-8, in header and claims ${requirement('J26')}`, () => {
    const bad: readonly (readonly number[])[] = [
      [0xff],
      [0xc0, 0xaf],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xe2, 0x82],
      [0x80],
    ];
    for (const bytes of bad) {
      const text = Buffer.concat([Buffer.from('{"sub":"'), Buffer.from(bytes), Buffer.from('"}')]);
      expect(readBytes(text)).toBe('encoding');
      const badHeader = Buffer.concat([Buffer.from('{"alg":"HS256","kid":"'), Buffer.from(bytes), Buffer.from('"}')]);
      expect(reader.read(`${badHeader.toString('base64url')}.${encode(payload)}.AAAA`)).toBe('encoding');
    }
    expect(readBytes(Buffer.from('{"sub":"\ufffd\u{1f600}é"}'))).toMatchObject({ claims: { sub: '\ufffd\u{1f600}é' } });
  });

  it(`refuses a byte order mark and UTF-16 ${requirement('J26')}`, () => {
    expect(readBytes(Buffer.from(`\ufeff${payload}`))).toBe('payload');
    expect(readBytes(Buffer.from(payload, 'utf16le'))).toBe('payload');
  });

  it(`refuses numbers that are not finite ${requirement('J11')}`, () => {
    for (const number of ['1e400', '-1e400', '1E999', '9'.repeat(400)]) {
      expect(read(header, payload.replace(/"exp":\d+/, `"exp":${number}`))).toBe('payload');
      expect(read(header, payload.replace('{', `{"deep":[{"n":[${number}]}],`))).toBe('payload');
    }
  });

  it(`refuses what is not one JSON object ${requirement('J23')}`, () => {
    for (const text of [
      '[]',
      'null',
      '1',
      '"text"',
      '',
      ' ',
      '{',
      `${payload}x`,
      `${payload}{}`,
      '{"a":1,}',
      "{'a':1}",
      '{"a":undefined}',
    ]) {
      expect(read(text)).toBe(text === '' ? 'malformed' : 'header');
      expect(read(header, text)).toBe(text === '' ? 'malformed' : 'payload');
    }
    expect(
      reader.read(JSON.stringify({ payload: encode(payload), protected: encode(header), signature: 'AAAA' })),
    ).toBe('malformed');
  });

  it('refuses other numbers of parts, and empty ones', () => {
    for (const text of ['', '.', '..', 'a.b', 'a..c', '.b.c', 'a.b.', `${good}.`, `${good}.a`, `${good}.a.b`]) {
      expect(reader.read(text)).toBe('malformed');
    }
  });

  it('refuses lone surrogates, __proto__ and deep nesting', () => {
    expect(read(header, '{"sub":"\\ud800"}')).toBe('payload');
    expect(read(header, '{"a":{"\\udc00":1}}')).toBe('payload');
    expect(read(header, '{"sub":"\\ud83d\\ude00"}')).toMatchObject({ claims: { sub: '\u{1f600}' } });
    expect(read(header, '{"__proto__":{"admin":true}}')).toBe('payload');
    expect(read(header, '{"a":{"\\u005f_proto__":1}}')).toBe('payload');
    expect(read(header, `{"a":${'['.repeat(15)}${']'.repeat(15)}}`)).toHaveProperty('claims');
    expect(read(header, `{"a":${'['.repeat(16)}${']'.repeat(16)}}`)).toBe('payload');
    expect(read(header, `{"a":${'['.repeat(2000)}${']'.repeat(2000)}}`)).toBe('payload');
  });

  it('refuses a token that is too long, before looking into it', () => {
    expect(createStrictReader({ maxLength: good.length }).read(good)).toHaveProperty('claims');
    expect(createStrictReader({ maxLength: good.length - 1 }).read(good)).toBe('too_long');
  });

  it('refuses typ and kid that are not short text', () => {
    expect(read('{"alg":"HS256","kid":1}')).toBe('header');
    expect(read('{"alg":"HS256","kid":["a"]}')).toBe('header');
    expect(read('{"alg":"HS256","typ":null}')).toBe('header');
    expect(read(`{"alg":"HS256","kid":"${'k'.repeat(1025)}"}`)).toBe('header');
  });

  it('reads a header that it trusts as it did before', () => {
    const own = createStrictReader({ maxLength: 8192 });
    const first = own.read(good);
    if (typeof first === 'string' || first.newHeader === undefined) throw new Error('not read');
    own.trustHeader(first.newHeader, first.header);
    expect(own.read(good)).toEqual({ ...first, newHeader: undefined });
    for (let i = 0; i < 600; i++) own.trustHeader(`h${i}`, first.header);
    expect(own.read(good)).toEqual(first);
  });
});

describe('parseStrictObject', () => {
  const json = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }));
  const hasProto = (value: unknown): boolean => JSON.stringify(value).includes('__proto__');

  it('agrees with JSON.parse on every object without duplicates', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
        fc.pre(!hasProto(value));
        const text = JSON.stringify(value, undefined, space);
        expect(parseStrictObject(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it(`finds each duplicate, wherever it is ${requirement('J19')}`, () => {
    fc.assert(
      fc.property(json, fc.nat(), fc.string({ unit: 'grapheme' }), (value, choice, other) => {
        fc.pre(!hasProto(value) && other !== '__proto__');
        // Every text of an object inside it, and the whole: one gets its first name a second time.
        const text = JSON.stringify({ ...value, added: { [other]: 1 } });
        const starts = [...text.matchAll(/\{(?=("(?:[^"\\]|\\.)*"):)/g)].filter(
          ({ index }) => !insideString(text, index),
        );
        const { index, 1: name = '""' } = starts[choice % starts.length] as RegExpExecArray;
        const twice = `${text.slice(0, index)}{${name}:null,${text.slice(index + 1)}`;
        expect(JSON.parse(twice)).toEqual(JSON.parse(text));
        expect(parseStrictObject(twice)).toBe('duplicate_name');
      }),
    );
  });

  it(`is not led astray by colons inside strings, or space around them ${requirement('J19')}`, () => {
    for (const text of ['{"a":":b","c" : 1}', '{":":" :","\\":":["\\":",":"]}', '{"a"\t\r\n :": :: :","b":"\\" :"}']) {
      expect(parseStrictObject(text)).toEqual(JSON.parse(text));
      for (const space of ['', ' ', '\n\t'])
        for (const twice of [`"x"${space}:1,"x"${space}:2,`, `"x"${space}:":","x"${space}:" :",`]) {
          expect(parseStrictObject(text.replace('{', `{${twice}`))).toBe('duplicate_name');
          expect(parseStrictObject(`{"in":[{${twice}"y":1}],${text.slice(1)}`)).toBe('duplicate_name');
        }
    }
  });

  it('never throws', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        parseStrictObject(text);
      }),
    );
  });
});

function insideString(text: string, at: number): boolean {
  let inside = false;
  for (let i = 0; i < at; i++) {
    if (text[i] === '\\' && inside) i++;
    else if (text[i] === '"') inside = !inside;
  }
  return inside;
}

describe('the verifier over the strict reader', () => {
  it(`refuses all of it with a kind of fault and never throws ${requirement('J34')}`, async () => {
    const { judge, verifier } = verifierHarness();
    const odd: readonly unknown[] = [
      undefined,
      null,
      1,
      {},
      [],
      Symbol('x'),
      new Uint8Array(3),
      '',
      '...',
      '\0',
      'ey'.repeat(3000),
    ];
    for (const token of odd) expect(await judge(token as string)).toMatch(/^(?:malformed|too_long)$/);
    fc.assert(
      fc.property(anyText, (text) => {
        expect(verifier.verify(text)).toMatchObject({ outcome: 'rejected' });
      }),
    );
  });
});
