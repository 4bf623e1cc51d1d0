import type { AddressInfo } from 'node:net';
import { requirement } from '@portcullis-internal/testkit';
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type onRequestHookHandler,
} from 'fastify';
import fastify4 from 'fastify4';
import { afterEach, describe, expect, it } from 'vitest';
import { fastifyGuard } from '../src/index.js';
import type { FastifyModule } from './mount.js';
import { createTestGuard } from './test-guard.js';

const running: FastifyInstance[] = [];
afterEach(() => Promise.all(running.splice(0).map((app) => app.close())));

const as = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });
const answer = (_request: FastifyRequest, reply: FastifyReply): unknown => reply.send('answered');
const rateLimit: onRequestHookHandler = (_request, _reply, done) => done();

const versions: [string, FastifyModule][] = [
  ['Fastify 5', fastify as unknown as FastifyModule],
  ['Fastify 4', fastify4 as unknown as FastifyModule],
];

describe.each(versions)('fastifyGuard on %s', (_name, create) => {
  const kit = () => {
    const { guard, release } = createTestGuard();
    const app = create();
    running.push(app);
    return { app, g: fastifyGuard(guard), release };
  };
  async function call(app: FastifyInstance, path: string, init: RequestInit = {}): Promise<Response> {
    if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' });
    return fetch(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}${path}`, init);
  }
  const words = (routes: ReturnType<ReturnType<typeof fastifyGuard>['audit']>): string[] =>
    routes.map(({ method, path, state, requirement: asked = state }) => `${method} ${path} ${asked}`);

  it(`lists hooks that may answer as opaque, each by a name of its own ${requirement('C1')}`, async () => {
    const { app, g } = kit();
    app.addHook('onRoute', g.closed());
    app.addHook('onRequest', rateLimit);
    app.addHook('preHandler', (_request, _reply, done) => done());
    app.register(
      async (scope) => {
        scope.addHook('onRequest', rateLimit.bind(scope));
        scope.get('/x', { onRequest: g.open() }, answer);
      },
      { prefix: '/area' },
    );
    app.register(async (scope) => {
      scope.addHook('onRequest', g.authenticated());
      scope.addHook('preHandler', function quota(_request, _reply, done) {
        done();
      });
      scope.get('/y', answer);
    });
    await app.ready();
    expect(words(g.audit(app))).toEqual([
      '* rateLimit opaque',
      '* <anonymous> opaque',
      '* /area bound rateLimit opaque',
      'GET /area/x open',
      '* quota authenticated',
      'GET /y authenticated',
    ]);
  });

  it(`keeps to the scopes of plugins, in whatever order hooks and routes are added ${requirement('C1')}`, async () => {
    const { app, g } = kit();
    app.addHook('onRoute', g.closed());
    app.register(
      async (scope) => {
        scope.get('/early', answer);
        scope.register(async (inner) => void inner.get('/inner', answer));
        scope.addHook('onRequest', g.authenticated());
      },
      { prefix: '/admin' },
    );
    app.register(async (scope) => {
      scope.addHook('onRequest', g.optional());
      scope.get('/neighbour', answer);
    });
    await app.ready();
    expect(words(g.audit(app))).toEqual([
      'GET /admin/early authenticated',
      'GET /admin/inner authenticated',
      'GET /neighbour closed',
    ]);
    for (const path of ['/admin/early', '/admin/inner']) {
      expect((await call(app, path)).status).toBe(401);
      expect((await call(app, path, as('ada'))).status).toBe(200);
    }
    expect((await call(app, '/neighbour', as('ada'))).status).toBe(403);
    expect(() => g.assertClosed(app)).toThrow(/GET \/neighbour states no requirement/);
  });

  it('closes the scope it is mounted in, and puts one gate before a route where two scopes ask for it', async () => {
    const { app, g } = kit();
    const shared = [g.open()];
    app.get('/outside', answer);
    app.register(async (scope) => {
      scope.addHook('onRoute', g.closed());
      scope.addHook('onRoute', g.closed());
      scope.get('/inside', answer);
      scope.get('/shared', { onRequest: shared }, answer);
    });
    await app.ready();
    expect(shared).toHaveLength(1);
    expect(words(g.audit(app))).toEqual(['GET /inside closed', 'GET /shared open']);
    const statuses: number[] = [];
    for (const path of ['/outside', '/inside', '/shared']) statuses.push((await call(app, path)).status);
    expect(statuses).toEqual([200, 403, 200]);
  });

  it('audits nothing but an application whose routes it has seen', async () => {
    const { app, g } = kit();
    expect(() => g.audit({})).toThrow(/Fastify instance/);
    expect(() => g.audit(app)).toThrow(/app\.addHook\('onRoute', g\.closed\(\)\)/);
  });

  it(`closes a route whose guard is not its first hook, or comes after the body ${requirement('C1')}`, async () => {
    const { app, g } = kit();
    app.addHook('onRoute', g.closed());
    app.get('/late', { onRequest: [rateLimit, g.open()] }, answer);
    app.get('/later', { preHandler: g.open() }, answer);
    app.get('/first', { onRequest: [g.open(), rateLimit] }, answer);
    app.post('/body', { onRequest: g.authenticated() }, answer);
    const statuses: number[] = [];
    for (const path of ['/late', '/later', '/first']) statuses.push((await call(app, path)).status);
    expect(statuses).toEqual([403, 403, 200]);
    const broken = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' };
    expect((await call(app, '/body', broken)).status).toBe(401);
  });

  it(`runs no handler when somebody else answered while the guard waited ${requirement('C2')}`, async () => {
    const { app, g, release } = kit();
    let ran = false;
    app.addHook('onRequest', (_request, reply, done) => {
      done();
      reply.hijack();
      reply.raw.end('too late');
      release();
    });
    app.get('/x', { onRequest: g.authenticated() }, () => {
      ran = true;
      return 'ran';
    });
    expect(await (await call(app, '/x', as('slow'))).text()).toBe('too late');
    await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toBe(false);
  });

  it(`lets a rejected handler reach the error handler given, or Fastify's own ${requirement('A4')}`, async () => {
    const { app, g } = kit();
    app.setErrorHandler(g.errors((error: Error, _request, reply: FastifyReply) => reply.code(418).send(error.message)));
    app.get('/x', { onRequest: g.authenticated() }, () => Promise.reject(new Error('no')));
    app.get('/denied', { onRequest: g.authenticated() }, async (request) => g.auth(request).demand('posts:delete'));
    const response = await call(app, '/x', as('ada'));
    expect([response.status, await response.text()]).toEqual([418, 'no']);
    expect((await call(app, '/denied', as('ada'))).status).toBe(403);
  });

  it('drops what described the body that the handler had begun to prepare', async () => {
    const { app, g } = kit();
    app.setErrorHandler(g.errors());
    app.get('/x', { onRequest: g.authenticated() }, (request, reply) => {
      reply.headers({
        'Content-Length': '3',
        'Content-Encoding': 'gzip',
        ETag: '"1"',
        'Cache-Control': 'public',
        'X-Kept': '1',
      });
      g.auth(request).demand('posts:delete');
    });
    const { status, headers } = await call(app, '/x', as('ada'));
    expect([status, headers.get('etag'), headers.get('content-encoding')]).toEqual([403, null, null]);
    expect([headers.get('cache-control'), headers.get('x-kept')]).toEqual(['no-store', '1']);
  });

  it(`takes the client's address from its own setting, not from Fastify's ${requirement('A5')}`, async () => {
    const { guard } = createTestGuard();
    const app = create({ trustProxy: true });
    running.push(app);
    const g = fastifyGuard(guard);
    app.get('/x', { onRequest: g.open() }, (request) => g.exchange(request).request.ip);
    const init = { headers: { 'x-forwarded-for': '203.0.113.9' } };
    expect(await (await call(app, '/x', init)).text()).toBe('127.0.0.1');
  });
});

describe('fastifyGuard', () => {
  it('refuses at start-up what cannot hold', () => {
    const { guard } = createTestGuard();
    expect(() => fastifyGuard(guard, { trustProxy: 0 })).toThrow(/^trustProxy: /);
    const g = fastifyGuard(guard);
    expect(() => g.require('posts:raed')).toThrow(/^permission: "posts:raed"/);
    expect(() => g.require('*')).toThrow(/wildcards belong in roles/);
    expect(() => g.authenticated({ schemes: ['cookie'] })).toThrow(/^schemes: "cookie"/);
  });
});
