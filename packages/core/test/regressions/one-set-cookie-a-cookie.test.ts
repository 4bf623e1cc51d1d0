import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { expireCookie, lastOfEachCookie, serializeCookie } from '../../src/cookies/index.js';
import { createResponseSink, settledFields } from '../../src/node/index.js';

const host = { path: '/', secure: true, httpOnly: true } as const;
const renewed = serializeCookie('__Host-sid', 'renewed', host);
const ended = expireCookie('__Host-sid', host);

describe('createResponseSink', () => {
  it(`sends a cookie once, as it was set last, on Node ${requirement('S15')}`, async () => {
    const server = createServer((_, res) => {
      const sink = createResponseSink(res);
      res.setHeader('Set-Cookie', 'own=1');
      sink.append('set-cookie', renewed);
      sink.append('vary', 'Origin');
      sink.append('Set-Cookie', 'other=1; Path=/');
      sink.append('set-cookie', ended);
      res.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { headers } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      expect(headers.getSetCookie()).toEqual(['own=1', 'other=1; Path=/', ended]);
      expect(headers.get('vary')).toBe('Origin');
    } finally {
      server.close();
    }
  });
});

describe('settledFields', () => {
  it('leaves other fields, and cookies of another name, path or domain', () => {
    const fields = [
      ['set-cookie', 'a=1; Path=/'],
      ['set-cookie', 'a=2; Path=/admin'],
      ['set-cookie', 'a=3; Path=/; Domain=example.org'],
      ['set-cookie', 'A=4; Path=/'],
      ['vary', 'Origin'],
      ['vary', 'Origin'],
    ] as const;
    expect(settledFields(fields)).toHaveLength(fields.length);
    expect(settledFields([...fields, ['Set-Cookie', 'a=5;domain=.EXAMPLE.org; path=/']])).not.toContainEqual(fields[2]);
  });
});

describe('lastOfEachCookie', () => {
  it('tells cookies apart by name, domain and path', () => {
    expect(lastOfEachCookie(['a=1; Path=/x', 'a=2; Path=/y', 'a=3; path = /x'])).toEqual([
      'a=2; Path=/y',
      'a=3; path = /x',
    ]);
  });
});
