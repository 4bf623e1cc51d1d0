import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNodeExchange, type NodeOutgoing } from '../../src/node/index.js';

const outgoing = { headersSent: false, once: () => undefined } as unknown as NodeOutgoing;
const requestOf = (rawHeaders: readonly string[], remoteAddress?: string) =>
  createNodeExchange({ method: 'GET', rawHeaders, socket: { remoteAddress } }, outgoing, {
    url: '/a?b',
    trustProxy: false,
  }).request;

const names = ['authorization', 'cookie', 'dpop', 'x-api-key', '~!#'];
const name = fc
  .constantFrom(...names)
  .chain((lower) =>
    fc
      .array(fc.boolean(), { minLength: lower.length, maxLength: lower.length })
      .map((upper) => Array.from(lower, (letter, at) => (upper[at] ? letter.toUpperCase() : letter)).join('')),
  );
const fields = fc.array(fc.tuple(fc.oneof(name, fc.string({ maxLength: 8 })), fc.string({ maxLength: 8 })), {
  maxLength: 8,
});

describe('createNodeExchange', () => {
  it(`finds every field line of a name in any letter case, in order ${requirement('A3')}`, () => {
    fc.assert(
      fc.property(fields, fc.constantFrom(...names), (list, wanted) => {
        const values = list
          .filter(([each]) => each.length === wanted.length && each.toLowerCase() === wanted)
          .map(([, value]) => value);
        const request = requestOf(list.flat());
        expect(request.headerValues(wanted)).toEqual(values);
        expect(request.header(wanted)).toBe(values[0]);
      }),
    );
  });

  it('folds ASCII letters only: a name that Unicode would fold is another name', () => {
    // U+212A is the Kelvin sign, whose lower case is k.
    expect(requestOf(['coo\u212aie', 'a']).header('cookie')).toBeUndefined();
    expect(requestOf(['x-api-[ey', 'a']).header('x-api-{ey')).toBeUndefined();
  });

  it('shows method, URL and peer, and an absent method as none', () => {
    const request = requestOf([], '::ffff:192.0.2.7');
    expect([request.method, request.url, request.ip]).toEqual(['GET', '/a?b', '192.0.2.7']);
    expect(requestOf([]).ip).toBeUndefined();
    expect(createNodeExchange({ rawHeaders: [] }, outgoing, { url: '', trustProxy: false }).request.method).toBe('');
  });

  it('calls back when the response closes', () => {
    const closed: (() => void)[] = [];
    const response = { ...outgoing, once: (_: string, listener: () => void) => closed.push(listener) } as NodeOutgoing;
    const { request } = createNodeExchange({ rawHeaders: [] }, response, { url: '/', trustProxy: false });
    let over = false;
    request.onClose?.(() => (over = true));
    closed.forEach((listener) => listener());
    expect(over).toBe(true);
  });

  it('makes one sink for each request', () => {
    const exchange = createNodeExchange({ rawHeaders: [] }, outgoing, { url: '/', trustProxy: false });
    expect(exchange.response).toBe(exchange.response);
  });
});
