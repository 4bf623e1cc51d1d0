import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createResponseSink } from '../../src/node/index.js';

interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly cookies: readonly string[];
  readonly headers: Headers;
  readonly body: string;
}

/** What a client gets of a real response that `handle` writes. */
async function answerOf(handle: (res: ServerResponse, req: IncomingMessage) => void): Promise<Answer> {
  const server = createServer((req, res) => handle(res, req));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const { status, statusText: reason, headers } = response;
    return { status, reason, headers, cookies: headers.getSetCookie(), body: await response.text() };
  } finally {
    server.close();
  }
}

describe('createResponseSink', () => {
  it.each<[string, (res: ServerResponse) => void]>([
    ['an implicit head', (res) => res.end('x')],
    ['a first chunk', (res) => void (res.write('x'), res.end())],
    ['flushHeaders', (res) => void (res.flushHeaders(), res.end('x'))],
    ['writeHead(status)', (res) => res.writeHead(200).end('x')],
    ['writeHead(status, reason)', (res) => res.writeHead(200, 'Fine').end('x')],
    ['writeHead(status, fields)', (res) => res.writeHead(200, { 'X-Own': '1' }).end('x')],
    ['writeHead(status, reason, fields)', (res) => res.writeHead(200, 'Fine', { 'X-Own': '1' }).end('x')],
    ['writeHead(status, undefined, fields)', (res) => res.writeHead(200, undefined, { 'X-Own': '1' }).end('x')],
    ['writeHead(status, flat list)', (res) => res.writeHead(200, ['X-Own', '1']).end('x')],
  ])(`sends its fields with %s ${requirement('A2')}`, async (how, write) => {
    const answer = await answerOf((res) => {
      const sink = createResponseSink(res);
      sink.append('Set-Cookie', 'a=1');
      sink.append('set-cookie', 'b=2');
      write(res);
    });
    expect([answer.status, answer.body, answer.cookies]).toEqual([200, 'x', ['a=1', 'b=2']]);
    if (how.includes('fields') || how.includes('list')) expect(answer.headers.get('x-own')).toBe('1');
    if (how.includes('reason')) expect(answer.reason).toBe('Fine');
  });

  it.each<[string, (res: ServerResponse) => void]>([
    ['setHeader', (res) => void res.setHeader('Set-Cookie', ['own=1', 'own=2']).end()],
    ['a field object', (res) => res.writeHead(200, { 'Set-Cookie': ['own=1', 'own=2'] }).end()],
    ['a flat list', (res) => res.writeHead(200, ['Set-Cookie', 'own=1', 'SET-COOKIE', 'own=2']).end()],
    [
      'pairs',
      (res) =>
        res
          .writeHead(200, [
            ['Set-Cookie', 'own=1'],
            ['Set-Cookie', 'own=2'],
          ] as never)
          .end(),
    ],
  ])(`keeps cookies that the application sets by %s ${requirement('A2')}`, async (_how, write) => {
    const answer = await answerOf((res) => {
      createResponseSink(res).append('Set-Cookie', 'sid=1');
      write(res);
    });
    expect(answer.cookies).toEqual(['own=1', 'own=2', 'sid=1']);
  });

  it('lets fields given to writeHead replace those set before, as Node does', async () => {
    const answer = await answerOf((res) => {
      createResponseSink(res).append('Set-Cookie', 'sid=1');
      res.setHeader('X-Own', 'before').writeHead(200, { 'x-own': 'given' }).end();
    });
    expect(answer.headers.get('x-own')).toBe('given');
  });

  it('outlives an error handler that wipes every header', async () => {
    const answer = await answerOf((res) => {
      createResponseSink(res).append('Set-Cookie', 'sid=1');
      for (const name of res.getHeaderNames()) res.removeHeader(name);
      res.statusCode = 500;
      res.end('error');
    });
    expect([answer.status, answer.cookies]).toEqual([500, ['sid=1']]);
  });

  it('sends each field once after a writeHead that failed', async () => {
    const answer = await answerOf((res) => {
      createResponseSink(res).append('Set-Cookie', 'sid=1');
      res.setHeader('Set-Cookie', 'own=1');
      expect(() => res.writeHead(99_999)).toThrow(RangeError);
      expect(() => res.writeHead(200, { 'x-bad': 'a\nb' })).toThrow(/Invalid character/);
      expect(res.getHeader('Set-Cookie')).toEqual(['own=1']);
      res.end();
    });
    expect(answer.cookies).toEqual(['own=1', 'sid=1']);
  });

  it('works with middleware that wraps writeHead itself, before and after', async () => {
    const heard: string[] = [];
    const wrap = (res: ServerResponse, name: string): void => {
      const { writeHead } = res;
      res.writeHead = ((...args: unknown[]) => {
        heard.push(name);
        return Reflect.apply(writeHead, res, args) as ServerResponse;
      }) as never;
    };
    const answer = await answerOf((res) => {
      wrap(res, 'inner');
      createResponseSink(res).append('Set-Cookie', 'sid=1');
      wrap(res, 'outer');
      res.end();
    });
    expect([answer.cookies, heard]).toEqual([['sid=1'], ['outer', 'inner']]);
  });

  it('leaves a second writeHead to Node, which refuses it', async () => {
    await answerOf((res) => {
      createResponseSink(res).append('Set-Cookie', 'sid=1');
      res.writeHead(200);
      expect(() => res.writeHead(200)).toThrow(expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }));
      res.end();
    });
  });

  it('refuses a field after the head was sent', async () => {
    await answerOf((res) => {
      res.write('x');
      const append = (): void => createResponseSink(res).append('Set-Cookie', 'late=1');
      expect(append).toThrow(expect.objectContaining({ code: 'response_sent' }));
      res.end();
    });
  });

  it('refuses names and values that cannot be sent, and does not repeat them', async () => {
    await answerOf((res) => {
      const sink = createResponseSink(res);
      const invalid = expect.objectContaining({
        code: 'invalid_option',
        message: expect.not.stringContaining('secret'),
      });
      for (const value of ['secret\r\nx: y', 'secret\0', 'secret\u20ac', 'secret\x7f'])
        expect(() => sink.append('x-a', value)).toThrow(invalid);
      for (const name of ['', 'a b', 'a:', 'a\r\n']) expect(() => sink.append(name, 'secret')).toThrow(invalid);
      sink.append('x-a', 'caf\xe9\t!');
      res.end();
    });
  });
});
