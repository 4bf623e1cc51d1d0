import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import Router from '@koa/router';
import { requirement } from '@portcullis-internal/testkit';
import { type Authenticator, type AuthRequest, createGuard, deny, type Guard, type Vocabulary } from '@portcullis/core';
import { createPolicy } from '@portcullis/core/policy';
import { expressGuard } from '@portcullis/express';
import { fastifyGuard } from '@portcullis/fastify';
import { honoGuard } from '@portcullis/hono';
import { koaGuard } from '@portcullis/koa';
import express from 'express';
import fc from 'fast-check';
import fastify, { type HTTPMethods } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface User {
  readonly kind: 'user';
  readonly id: string;
}

function authenticator(scheme: string, read: (request: AuthRequest) => string | undefined): Authenticator<User> {
  return {
    scheme,
    transport: scheme === 'cookie' ? 'ambient' : 'explicit',
    claims: (request) => read(request) !== undefined,
    authenticate: (request) => {
      const id = read(request);
      return id === 'good'
        ? {
            outcome: 'authenticated',
            principal: { kind: 'user', id },
            credential: { scheme, id: `${scheme} of ${id}` },
          }
        : { outcome: 'rejected', denial: deny('invalid_token', { challenge: { error: 'invalid_token' } }) };
    },
    challenge: () => (scheme === 'cookie' ? undefined : { scheme, params: {} }),
  };
}

function createTestGuard(): Guard<User, Vocabulary> {
  return createGuard({
    authenticators: [
      authenticator('Bearer', (request) => /^bearer +(.*)$/i.exec(request.header('authorization') ?? '')?.[1]),
      authenticator('ApiKey', (request) => request.header('x-api-key')),
      authenticator('cookie', (request) => /(?:^|; )sid=([^;]*)/.exec(request.headerValues('cookie').join('; '))?.[1]),
    ],
    policy: createPolicy({ permissions: ['posts:read'] }) as Guard<User, Vocabulary>['policy'],
  });
}

/** What the guard saw, so that two adapters which answer alike for different reasons are found out. */
const seen = ({ request }: { readonly request: AuthRequest }, id: string): string =>
  JSON.stringify([id, request.method, request.url, request.ip, ...names.map((name) => request.headerValues(name))]);

const names = ['authorization', 'x-api-key', 'cookie', 'dpop'] as const;

function onExpress(): RequestListener {
  const g = expressGuard(createTestGuard());
  const app = express();
  app.disable('x-powered-by');
  app.use(g.closed());
  app.all('/', g.authenticated(), (req, res) => res.end(seen(g.exchange(req), res.locals.auth.credential.id)));
  return app;
}

function onKoa(): RequestListener {
  const g = koaGuard(createTestGuard());
  const app = new Koa();
  const router = new Router();
  router.all('/', g.authenticated(), (ctx) => {
    ctx.body = seen(g.exchange(ctx), ctx.state.auth.credential.id);
  });
  app.use(g.routes(router));
  return (req, res) => void app.callback()(req, res);
}

function onHono(): RequestListener {
  const g = honoGuard(createTestGuard());
  const app = new Hono();
  app.use(g.closed());
  app.all('/', g.authenticated(), (c) => c.text(seen(g.exchange(c), c.var.auth.credential.id)));
  const listener = getRequestListener(app.fetch);
  return (req, res) => void listener(req, res);
}

async function onFastify(): Promise<RequestListener> {
  const g = fastifyGuard(createTestGuard());
  const app = fastify();
  app.addHttpMethod('PURGE');
  app.addHook('onRoute', g.closed());
  app.route({
    method: app.supportedMethods as HTTPMethods[],
    url: '/',
    onRequest: g.authenticated(),
    handler: (request, reply) => reply.send(seen(g.exchange(request), g.auth(request).credential.id)),
  });
  await app.ready();
  return (req, res) => void app.server.emit('request', req, res);
}

/** Status, challenge and body of the answer to exactly these bytes. */
function answerTo(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(bytes));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', body = ''] = Buffer.concat(chunks).toString('latin1').split('\r\n\r\n');
      const status = /^HTTP\/1\.1 \d{3}/.exec(head)?.[0];
      const challenge = /^www-authenticate: .*$/im.exec(head)?.[0].toLowerCase();
      resolve(JSON.stringify([status, challenge, body]));
    });
  });
}

const spacing = fc.constantFrom('', ' ', '  ', '\t', ' \t ');
const value = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom('Bearer', 'bearer', 'BEARER', 'Basic', 'DPoP', 'Bearerx'),
        spacing,
        fc.constantFrom('good', 'bad', 'good,good', 'good, Bearer good', '', '"good"', 'go od', 'good=='),
        spacing,
      )
      .map((parts) => parts.join('')),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'good',
      'bad',
      '',
      ',',
      'sid=good',
      'sid=bad',
      'a=b; sid=good',
      ';;sid=good',
      'sid=good, sid=bad',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.string({
      unit: fc
        .integer({ min: 0x20, max: 0xff })
        .filter((code) => code !== 0x7f)
        .map((code) => String.fromCharCode(code)),
      maxLength: 20,
    }),
  },
);
const oddCase = (name: string): fc.Arbitrary<string> =>
  fc
    .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
    .map((upper) => Array.from(name, (letter, at) => (upper[at] ? letter.toUpperCase() : letter)).join(''));
const line = fc
  .tuple(fc.constantFrom<string>(...names, 'x-forwarded-for', 'x-other').chain(oddCase), spacing, value, spacing)
  .map(([name, before, text, after]) => `${name}:${before}${text}${after}`);

describe('the adapters on Node', () => {
  const servers: Server[] = [];
  const ports: number[] = [];

  beforeAll(async () => {
    for (const listener of [onExpress(), onKoa(), onHono(), await onFastify()]) {
      const server = createServer(listener);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      servers.push(server);
      ports.push((server.address() as AddressInfo).port);
    }
  });

  afterAll(() => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))));

  const answers = (lines: readonly string[], method = 'GET'): Promise<string[]> => {
    const head = [`${method} /?q=1 HTTP/1.1`, 'Host: localhost', 'Connection: close', ...lines];
    const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1');
    return Promise.all(ports.map((port) => answerTo(port, bytes)));
  };

  it(`give the same answer to the same bytes ${requirement('A1', 'A3')}`, { timeout: 60_000 }, async () => {
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 5 }),
        fc.constantFrom('GET', 'POST', 'DELETE', 'PURGE'),
        async (lines, method) => {
          const [first, ...others] = await answers(lines, method);
          expect(others).toEqual([first, first, first]);
          outcomes.add(String(first).slice(0, 14));
        },
      ),
      { numRuns: 400 },
    );
    // The generator is of use only while it reaches the good, the bad and the malformed.
    expect([...outcomes].sort()).toEqual(
      expect.arrayContaining(['["HTTP/1.1 200', '["HTTP/1.1 400', '["HTTP/1.1 401']),
    );
  });

  it(`refuse two Authorization fields in any spelling and order ${requirement('A3', 'C10')}`, async () => {
    await fc.assert(
      fc.asyncProperty(
        oddCase('authorization'),
        oddCase('authorization'),
        fc.array(line, { maxLength: 3 }),
        async (one, two, between) => {
          for (const answer of await answers([`${one}: Bearer good`, ...between, `${two}: Bearer good`]))
            expect(answer).toMatch(/^\["HTTP\/1\.1 400".*invalid_request/);
        },
      ),
      { numRuns: 50 },
    );
  });
});
