import { describe, expect, it } from 'vitest';
import {
  createEndpointInput,
  parseForm,
  readFormStream,
  readNodeForm,
  readParsedForm,
} from '../../src/endpoint/index.js';

async function* stream(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield part;
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const fields = (form: URLSearchParams | undefined) => form && [...form];
const longest = `a=${'x'.repeat(65_534)}`;

describe('a form', () => {
  it('is read from a stream, with a character that two parts share', async () => {
    const [first, second] = [bytes('name=%C3%A4&a=ä').slice(0, 14), bytes('name=%C3%A4&a=ä').slice(14)];
    expect(fields(await readFormStream(stream(first, second, bytes('&a=2'))))).toEqual([
      ['name', 'ä'],
      ['a', 'ä'],
      ['a', '2'],
    ]);
    expect(fields(await readFormStream(stream()))).toEqual([]);
    expect(fields(await readFormStream(stream(bytes('a='), Uint8Array.of(0xc3))))).toEqual([['a', '\ufffd']]);
  });

  it('is taken up to 64 KiB, and a stream beyond it is not read to its end', async () => {
    expect(parseForm(longest)?.get('a')).toHaveLength(65_534);
    expect(parseForm(`${longest}x`)).toBeUndefined();
    expect((await readFormStream(stream(bytes(longest))))?.get('a')).toHaveLength(65_534);
    let read = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        read++;
        yield bytes('x'.repeat(65_536));
      }
    }
    expect(await readFormStream(endless())).toBeUndefined();
    expect(read).toBe(2);
  });

  it('is read out of what a body parser left: text, bytes or fields', async () => {
    expect(fields(readParsedForm('a=1&a=2'))).toEqual([
      ['a', '1'],
      ['a', '2'],
    ]);
    expect(fields(readParsedForm(bytes('a=1')))).toEqual([['a', '1']]);
    expect(fields(readParsedForm({ a: ['1', '2'], b: '' }))).toEqual([
      ['a', '1'],
      ['a', '2'],
      ['b', ''],
    ]);
    for (const odd of [{ a: { b: '1' } }, { a: 1 }, { a: ['1', 2] }, { a: null }, 7, null, undefined, true])
      expect(readParsedForm(odd)).toBeUndefined();
    expect(readParsedForm(`${longest}x`)).toBeUndefined();
    expect(readParsedForm(bytes(`${longest}x`))).toBeUndefined();
  });

  it('of a Node request is read from its stream only where no body parser ran', async () => {
    expect(fields(await readNodeForm(stream(bytes('a=stream')), undefined))).toEqual([['a', 'stream']]);
    expect(fields(await readNodeForm(stream(bytes('a=stream')), { a: 'parsed' }))).toEqual([['a', 'parsed']]);
    expect(await readNodeForm(stream(bytes('a=stream')), null)).toBeUndefined();
  });
});

describe('createEndpointInput', () => {
  const exchange = (contentType?: string) => ({
    request: {
      method: 'POST',
      url: '/',
      ip: undefined,
      header: (name: string) => (name === 'content-type' ? contentType : undefined),
      headerValues: () => [],
    },
    response: { append: () => undefined },
  });

  it('reads the body of an urlencoded form, and of nothing else', async () => {
    let asked = 0;
    const readForm = async () => {
      asked++;
      return new URLSearchParams('a=1');
    };
    for (const type of ['application/x-www-form-urlencoded', 'Application/X-WWW-Form-Urlencoded ; charset=utf-8'])
      expect(fields(await createEndpointInput(exchange(type), { path: undefined, readForm }).form())).toEqual([
        ['a', '1'],
      ]);
    expect(asked).toBe(2);
    for (const type of [
      undefined,
      '',
      'application/json',
      'application/x-www-form-urlencodedx',
      'x application/x-www-form-urlencoded',
    ])
      expect(await createEndpointInput(exchange(type), { path: undefined, readForm }).form()).toBeUndefined();
    expect(asked).toBe(2);
  });

  it("hands on the request, the response and the route's parameters, of which there may be none", () => {
    const { request, response } = exchange();
    const readForm = async () => undefined;
    expect(createEndpointInput({ request, response }, { path: { id: '7' }, readForm })).toMatchObject({
      request,
      response,
      path: { id: '7' },
    });
    expect(createEndpointInput({ request, response }, { path: undefined, readForm }).path).toEqual({});
  });
});
