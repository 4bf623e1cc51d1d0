import { requirement } from '@portcullis-internal/testkit';
import { corsExposedHeaders, type Exchange } from '@portcullis/core';
import { type Context, Hono, type Next } from 'hono';
import { cors } from 'hono/cors';
import { describe, expect, it } from 'vitest';
import { honoGuard } from '../src/index.js';
import { createTestGuard } from './test-guard.js';

const as = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });
const answer = (c: Context): Response => c.text('answered');
const bodyParser = (_c: Context, next: Next): Promise<void> => next();

function kit() {
  const { guard, release } = createTestGuard();
  return { app: new Hono(), g: honoGuard(guard), release };
}

const words = (routes: ReturnType<ReturnType<typeof honoGuard>['audit']>): string[] =>
  routes.map(({ method, path, state, requirement: asked = state }) => `${method} ${path} ${asked}`);

describe('honoGuard', () => {
  it(`lists what cannot be enumerated as opaque, each by a name of its own ${requirement('C1')}`, () => {
    const { app, g } = kit();
    app.use(bodyParser).use(bodyParser);
    app.use('/area/*', (_c, next) => next());
    app.mount('/legacy', () => new Response('legacy'));
    app.use(g.closed());
    expect(words(g.audit(app))).toEqual([
      '* bodyParser opaque',
      '* bodyParser #2 opaque',
      '* /area/* <anonymous> opaque',
      '* /legacy/* handler opaque',
    ]);
    expect(() => g.assertClosed(app, { acknowledge: ['bodyParser'] })).toThrow(/bodyParser #2 cannot be looked into/);
  });

  it('gives routes of sub-applications their full path, and the guards in front of them', () => {
    const { app, g } = kit();
    const inner = new Hono().use(g.authenticated()).get('/:part', answer);
    const own = new Hono()
      .onError(answer as never)
      .get('/x', g.open(), answer)
      .get('/y', answer);
    app.get('/bare', answer);
    app.route('/api/deep/:id', inner);
    app.route('/own', own);
    app.use('/admin/*', g.require('posts:read'));
    app.get('/admin', answer).get('/admin/:id', answer).get('/administrator', answer);
    app.all('/any', g.open(), answer);
    app.on(['PUT', 'PURGE'], '/both', g.open(), bodyParser, answer);
    app.use('/files/*', g.authenticated(), bodyParser);
    app.get('/late', answer, g.open());
    expect(words(g.audit(app))).toEqual([
      'GET /bare closed',
      'GET /api/deep/:id/:part authenticated',
      'GET /own/x open',
      'GET /own/y closed',
      'GET /admin posts:read',
      'GET /admin/:id posts:read',
      'GET /administrator closed',
      '* /any open',
      'PUT /both open',
      'PURGE /both open',
      '* /files/* bodyParser authenticated',
      'GET /late closed',
    ]);
    expect(() => g.audit({})).toThrow(/Hono application/);
  });

  it(`closes what states nothing, in sub-applications with error handlers too ${requirement('C1')}`, async () => {
    const { app, g } = kit();
    const own = new Hono().onError((_error, c) => c.text('own', 500));
    own
      .get('/x', g.open(), answer)
      .get('/y', answer)
      .get('/z', (_c, next) => next());
    app.use(g.closed());
    app.route('/own', own);
    const status = async (path: string): Promise<number> => (await app.request(path)).status;
    expect([await status('/own/x'), await status('/own/y'), await status('/own/z')]).toEqual([200, 403, 403]);
  });

  it(`closes a route whose guard is not its first function ${requirement('C1')}`, async () => {
    const { app, g } = kit();
    app.use(g.closed());
    app.get('/late', bodyParser, g.open(), answer);
    app.get('/first', g.open(), bodyParser, answer);
    app.all('/all-late', answer, g.open());
    const status = async (path: string): Promise<number> => (await app.request(path)).status;
    expect([await status('/late'), await status('/first'), await status('/all-late')]).toEqual([403, 200, 403]);
  });

  it(`answers a route that hands on to an undeclared one with 403, without errors() as well ${requirement('C1')}`, async () => {
    const { app, g } = kit();
    let ran = false;
    app.use(g.closed());
    app.get('/:any', g.open(), (_c, next) => next());
    app.get('/secret', (c) => {
      ran = true;
      return c.text('secret');
    });
    app.get('*', (c) => c.text('page'));
    const response = await app.request('/secret');
    expect([response.status, (await response.json()).code, ran]).toEqual([403, 'route_closed', false]);
  });

  it('does not close a declared route because an undeclared one stands behind it', async () => {
    const { app, g } = kit();
    app.use(g.closed());
    app.get('/x', g.open(), answer);
    app.get('*', answer);
    expect([(await app.request('/x')).status, (await app.request('/y')).status]).toEqual([200, 403]);
  });

  it(`finds two Authorization fields joined into one ${requirement('A3')}`, async () => {
    const { app, g } = kit();
    app.get('/x', g.authenticated(), answer);
    const headers = new Headers([
      ['authorization', 'Bearer ada'],
      ['authorization', 'Bearer ada'],
    ]);
    const response = await app.request('/x', { headers });
    expect([response.status, (await response.json()).code]).toEqual([400, 'invalid_request']);
  });

  it('sends appended fields with a response whose headers cannot be changed', async () => {
    const { app, g } = kit();
    app.get('/x', g.open(), (c) => {
      g.exchange(c).response.append('set-cookie', 'sid=1');
      return Response.redirect('https://app.example/', 303);
    });
    const response = await app.request('/x');
    expect([response.status, response.headers.get('location'), response.headers.getSetCookie()]).toEqual([
      303,
      'https://app.example/',
      ['sid=1'],
    ]);
  });

  it('appends until the first guard is done, also around inner guards, and not later', async () => {
    const { app, g } = kit();
    const kept: Exchange[] = [];
    app.use('/x', g.authenticated(), async (c, next) => {
      await next();
      g.exchange(c).response.append('set-cookie', 'outer=1');
    });
    app.get('/x', g.authenticated(), (c) => {
      kept.push(g.exchange(c));
      g.exchange(c).response.append('set-cookie', 'inner=1');
      return c.text('x');
    });
    expect((await app.request('/x', as('ada'))).headers.getSetCookie()).toEqual(['inner=1', 'outer=1']);
    expect(() => kept[0]?.response.append('a', 'b')).toThrow(expect.objectContaining({ code: 'response_sent' }));
  });

  it(`lets a rejected handler reach onError ${requirement('A4')}`, async () => {
    const { app, g } = kit();
    app.get('/x', g.authenticated(), () => Promise.reject(new Error('no')));
    app.get('/denied', g.authenticated(), (c) => (g.auth(c).demand('posts:delete'), c.text('granted')));
    app.onError(g.errors((error, c) => c.text(error.message, 418)));
    const response = await app.request('/x', as('ada'));
    expect([response.status, await response.text()]).toEqual([418, 'no']);
    expect((await app.request('/denied', as('ada'))).status).toBe(403);
  });

  it('drops what described the body that the handler had begun to prepare', async () => {
    const { app, g } = kit();
    app.get('/x', g.authenticated(), (c) => {
      const fields = {
        'Content-Length': '3',
        'Content-Encoding': 'gzip',
        ETag: '"1"',
        'Cache-Control': 'public',
        'X-Kept': '1',
      };
      for (const [name, value] of Object.entries(fields)) c.header(name, value);
      g.auth(c).demand('posts:delete');
      return c.text('granted');
    });
    app.onError(g.errors());
    const { status, headers } = await app.request('/x', as('ada'));
    expect([status, headers.get('etag'), headers.get('content-encoding')]).toEqual([403, null, null]);
    expect([headers.get('cache-control'), headers.get('x-kept')]).toEqual(['no-store', '1']);
  });

  it(`exposes its fields to pages of another origin through hono/cors ${requirement('A7')}`, async () => {
    const { app, g } = kit();
    app.use(cors({ origin: 'https://app.example', exposeHeaders: [...corsExposedHeaders] }));
    app.use(g.closed());
    app.get('/x', g.authenticated(), answer);
    const { headers } = await app.request('/x', { headers: { origin: 'https://app.example' } });
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example');
    const exposed = headers.get('access-control-expose-headers')?.split(',');
    expect(exposed).toEqual(expect.arrayContaining(['WWW-Authenticate', 'DPoP-Nonce']));
    expect(headers.get('www-authenticate')).toBe('Bearer realm="api"');
  });

  it(`knows no address on a web runtime unless a proxy is configured ${requirement('A5')}`, async () => {
    const { guard } = createTestGuard();
    const init = { headers: { 'x-forwarded-for': '10.6.6.6, 203.0.113.9' } };
    for (const [trustProxy, ip] of [
      [false, 'undefined'],
      [1, '203.0.113.9'],
    ] as const) {
      const g = honoGuard(guard, { trustProxy });
      const app = new Hono().get('/x', g.open(), (c) => c.text(String(g.exchange(c).request.ip)));
      expect(await (await app.request('/x', init)).text()).toBe(ip);
    }
  });

  it('refuses at start-up what cannot hold', () => {
    const { guard } = createTestGuard();
    expect(() => honoGuard(guard, { trustProxy: 0 })).toThrow(/^trustProxy: /);
    const g = honoGuard(guard);
    expect(() => g.require('posts:raed')).toThrow(/^permission: "posts:raed"/);
    expect(() => g.require('*')).toThrow(/wildcards belong in roles/);
    expect(() => g.authenticated({ schemes: ['cookie'] })).toThrow(/^schemes: "cookie"/);
  });
});
