import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Router from '@koa/router';
import { requirement } from '@portcullis-internal/testkit';
import Koa, { type Context, type Next } from 'koa';
import Koa2 from 'koa2';
import Router12 from 'koa-router12';
import { afterEach, describe, expect, it } from 'vitest';
import { koaGuard } from '../src/index.js';
import { createTestGuard } from './test-guard.js';

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function call(app: Koa, path: string, init: RequestInit = {}): Promise<Response> {
  const server = createServer((req, res) => void app.callback()(req, res));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, init);
}

const as = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });
const answer = (ctx: Context): void => {
  ctx.body = 'answered';
};
const bodyParser = (_ctx: Context, next: Next): Promise<unknown> => next();

const versions: [string, new () => Koa, typeof Router][] = [
  ['Koa 3 with @koa/router 15', Koa, Router],
  ['Koa 2 with @koa/router 12', Koa2 as unknown as typeof Koa, Router12 as unknown as typeof Router],
];

describe.each(versions)('koaGuard on %s', (_name, App, RouterClass) => {
  const kit = (options: ConstructorParameters<typeof Router>[0] = {}) => {
    const { guard, release } = createTestGuard();
    const app = new App();
    app.silent = true;
    return { app, router: new RouterClass(options), g: koaGuard(guard), release };
  };
  const words = (routes: ReturnType<ReturnType<typeof koaGuard>['audit']>): string[] =>
    routes.map(({ method, path, state, requirement: asked = state }) => `${method} ${path} ${asked}`);

  it(`lists what cannot be enumerated as opaque, each by a name of its own ${requirement('C1')}`, () => {
    const { app, router, g } = kit();
    router.use(bodyParser);
    router.use('/area', bodyParser);
    app
      .use(g.errors())
      .use(g.closed())
      .use(bodyParser)
      .use((_ctx, next) => next());
    app.use(router.routes());
    expect(words(g.audit(app))).toEqual([
      '* bodyParser opaque',
      '* <anonymous> opaque',
      '* bodyParser #2 opaque',
      '* /area bodyParser opaque',
    ]);
  });

  it('gives nested routes their full path, and the guards in front of them', () => {
    const { app, router, g } = kit({ prefix: '/api' });
    const inner = new RouterClass();
    inner.use(g.authenticated());
    inner.get('/:part', answer);
    router.get('/bare', answer);
    router.use('/deep/:id', inner.routes());
    router.use('/admin', g.require('posts:read'));
    router.get('/admin/:id', answer);
    router.get('/administrator', answer);
    router.all('/any', g.open(), answer);
    router.get(/^\/regular/, answer);
    app.use(router.routes());
    expect(words(g.audit(app))).toEqual([
      'GET /api/bare closed',
      'GET /api/deep/:id/:part authenticated',
      'GET /api/admin/:id posts:read',
      'GET /api/administrator closed',
      '* /api/any open',
      expect.stringMatching(/^GET .*regular.* closed$/),
    ]);
    expect(words(g.audit(router))).toEqual(words(g.audit(app)));
    expect(() => g.audit({})).toThrow(/Koa application/);
  });

  it('takes everything behind a guard of the application as guarded', async () => {
    const { app, router, g } = kit();
    router.get('/x', answer);
    app.use(g.closed()).use(g.authenticated()).use(router.routes());
    expect(words(g.audit(app))).toEqual(['GET /x authenticated']);
    g.assertClosed(app);
    expect((await call(app, '/x')).status).toBe(401);
    expect((await call(app, '/x', as('ada'))).status).toBe(200);
  });

  it(`closes one router through routes() ${requirement('C1')}`, async () => {
    const { app, router, g } = kit();
    const other = new RouterClass();
    router.get('/x', answer);
    router.get('/y', g.open(), answer);
    other.get('/z', answer);
    app.use(other.routes()).use(g.routes(router));
    expect((await call(app, '/x')).status).toBe(403);
    expect((await call(app, '/y')).status).toBe(200);
    expect((await call(app, '/z')).status).toBe(200);
    expect(words(g.audit(app))).toEqual(['GET /z closed', 'GET /x closed', 'GET /y open']);
  });

  it(`closes a route whose guard is not its first function, and passes over param callbacks ${requirement('C1')}`, async () => {
    const { app, router, g } = kit();
    const seen: string[] = [];
    router.param('id', (id, _ctx, next) => (seen.push(id), next()));
    router.get('/late', bodyParser, g.open(), answer);
    router.get('/param/:id', g.open(), answer);
    router.get('/bare/:id', answer);
    app.use(g.closed()).use(router.routes());
    expect((await call(app, '/late')).status).toBe(403);
    expect((await call(app, '/param/1')).status).toBe(200);
    expect((await call(app, '/bare/2')).status).toBe(403);
    expect((await call(app, '/bare/2')).status).toBe(403);
    expect(words(g.audit(app))).toEqual(['GET /late closed', 'GET /param/:id open', 'GET /bare/:id closed']);
  });

  it(`does not take a guard of router.use for one where an exclusive router skips it ${requirement('C1')}`, async () => {
    const { app, router, g } = kit({ exclusive: true });
    router.use(g.authenticated());
    router.get('/x', answer);
    app.use(g.closed()).use(router.routes());
    expect((await call(app, '/x', as('ada'))).status).toBe(403);
    expect(words(g.audit(app))).toEqual(['GET /x closed']);
  });

  it(`runs no handler when somebody else answered while the guard waited ${requirement('C2')}`, async () => {
    const { app, router, g, release } = kit();
    let ran = false;
    app.use(async (ctx, next) => {
      const done = next();
      ctx.respond = false;
      ctx.res.end('too late');
      release();
      await done;
    });
    router.get('/x', g.authenticated(), () => {
      ran = true;
    });
    app.use(router.routes());
    expect(await (await call(app, '/x', as('slow'))).text()).toBe('too late');
    await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toBe(false);
  });

  it(`lets a rejected handler reach Koa's error handler ${requirement('A4')}`, async () => {
    const { app, router, g } = kit();
    const heard: unknown[] = [];
    app.on('error', (error) => heard.push(error));
    router.get('/x', g.authenticated(), () => Promise.reject(new Error('no')));
    app.use(g.errors()).use(router.routes());
    expect((await call(app, '/x', as('ada'))).status).toBe(500);
    expect(heard).toEqual([expect.objectContaining({ message: 'no' })]);
  });

  it('drops what described the body that the handler had begun to prepare', async () => {
    const { app, router, g } = kit();
    router.get('/x', g.authenticated(), (ctx) => {
      ctx.set({
        'Content-Length': '3',
        'Content-Encoding': 'gzip',
        ETag: '"1"',
        'Cache-Control': 'public',
        'X-Kept': '1',
      });
      g.auth(ctx).demand('posts:delete');
    });
    app.use(g.errors()).use(router.routes());
    const { status, headers } = await call(app, '/x', as('ada'));
    expect([status, headers.get('etag'), headers.get('content-encoding')]).toEqual([403, null, null]);
    expect([headers.get('cache-control'), headers.get('x-kept')]).toEqual(['no-store', '1']);
  });

  it(`takes the client's address from its own setting, not from Koa's ${requirement('A5')}`, async () => {
    const { app, router, g } = kit();
    app.proxy = true;
    router.get('/x', g.open(), (ctx) => {
      ctx.body = g.exchange(ctx).request.ip;
    });
    app.use(router.routes());
    const init = { headers: { 'x-forwarded-for': '203.0.113.9' } };
    expect(await (await call(app, '/x', init)).text()).toBe('127.0.0.1');
  });
});

describe('koaGuard', () => {
  it('refuses at start-up what cannot hold', () => {
    const { guard } = createTestGuard();
    expect(() => koaGuard(guard, { trustProxy: 0 })).toThrow(/^trustProxy: /);
    const g = koaGuard(guard);
    expect(() => g.require('posts:raed')).toThrow(/^permission: "posts:raed"/);
    expect(() => g.require('*')).toThrow(/wildcards belong in roles/);
    expect(() => g.authenticated({ schemes: ['cookie'] })).toThrow(/^schemes: "cookie"/);
  });
});
