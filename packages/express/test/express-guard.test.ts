import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requirement } from '@portcullis-internal/testkit';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import express4 from 'express4';
import { afterEach, describe, expect, it } from 'vitest';
import { expressGuard } from '../src/index.js';
import type { ExpressModule } from './mount.js';
import { createTestGuard } from './test-guard.js';

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function call(app: Express, path: string, token?: string): Promise<globalThis.Response> {
  const server = createServer(app);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { headers });
}

const answer = (_req: Request, res: Response): unknown => res.end('answered');
const bodyParser = (_req: Request, _res: Response, next: NextFunction): void => next();

const versions: [string, ExpressModule & Pick<typeof express, 'static'>][] = [
  ['Express 5', express],
  ['Express 4', express4 as unknown as typeof express],
];

describe.each(versions)('expressGuard on %s', (_name, create) => {
  const kit = () => {
    const { guard, release } = createTestGuard();
    const app = create();
    app.set('env', 'test');
    return { app, g: expressGuard(guard), release };
  };

  it(`lists what cannot be enumerated as opaque, each by a name of its own ${requirement('C1')}`, () => {
    const { app, g } = kit();
    const sub = create();
    sub.get('/hidden', answer);
    app.use(bodyParser);
    app.use('/files', create.static('.'));
    app.use('/v:version/sub', sub);
    app.use(bodyParser, (_req: Request, _res: Response, next: NextFunction) => next());
    app.use(/^\/regular/, bodyParser);
    app.use(g.closed());
    app.use((_error: unknown, _req: Request, _res: Response, next: NextFunction) => next());
    app.use(g.errors());
    expect(g.audit(app).map(({ state, path }) => `${state} ${path}`)).toEqual([
      'opaque bodyParser',
      'opaque /files serveStatic',
      'opaque /v:version/sub mounted_app',
      'opaque bodyParser #2',
      'opaque <anonymous>',
      expect.stringMatching(/^opaque .*regular.* bodyParser$/),
    ]);
  });

  it('takes opaque middleware behind a guard as guarded', () => {
    const { app, g } = kit();
    app.use('/files', g.authenticated(), create.static('.'));
    const asks = { kind: 'authenticated' };
    expect(g.audit(app)).toEqual([
      { method: '*', path: '/files serveStatic', state: 'guarded', requirement: 'authenticated', asks },
    ]);
    g.assertClosed(app);
  });

  it('gives nested routes their full path, and the guards in front of them', () => {
    const { app, g } = kit();
    const [inner, outer, open] = [create.Router(), create.Router(), create.Router()];
    inner.route('/:part').get(g.require('posts:read'), answer).post(answer).all(answer);
    outer.use('/deep/:id', inner);
    outer.get(['/a', '/b'], answer);
    app.use('/api', outer);
    app.use('/admin', g.authenticated());
    app.get('/admin/:id', answer);
    app.get('/administrator', answer);
    open.use(g.open());
    open.get('/x', answer);
    app.use('/open', open);
    app.use(g.require('posts:read'));
    app.get(/^\/regular/, answer);
    expect(g.audit(app).map(({ method, path, requirement: words = 'closed' }) => `${method} ${path} ${words}`)).toEqual(
      [
        'GET /api/deep/:id/:part posts:read',
        'POST /api/deep/:id/:part closed',
        '* /api/deep/:id/:part closed',
        'GET /api/a closed',
        'GET /api/b closed',
        'GET /admin/:id authenticated',
        'GET /administrator closed',
        'GET /open/x closed',
        'GET /^\\/regular/ posts:read',
      ],
    );
  });

  it('audits an application without routes, a router, and nothing else', () => {
    const { app, g } = kit();
    expect(g.audit(app)).toEqual([]);
    expect(g.audit(create.Router().get('/x', answer))).toEqual([{ method: 'GET', path: '/x', state: 'closed' }]);
    expect(() => g.audit({})).toThrow(/Express application/);
  });

  it(`closes a route whose guard is not its first function ${requirement('C1')}`, async () => {
    const { app, g } = kit();
    app.use(g.closed());
    app.get('/late', bodyParser, g.open(), answer);
    app.get('/first', g.open(), bodyParser, answer);
    expect((await call(app, '/late')).status).toBe(403);
    expect((await call(app, '/first')).status).toBe(200);
    expect(() => g.assertClosed(app)).toThrow(/GET \/late states no requirement/);
  });

  it('puts one gate before a route, however often it is called, and judges each method by itself', async () => {
    const { app, g } = kit();
    app.use(g.closed());
    const route = app.route('/x').get(g.open(), answer).delete(answer);
    for (let times = 0; times < 3; times++) expect((await call(app, '/x')).status).toBe(200);
    expect(route.stack).toHaveLength(4);
  });

  it('closes a route that was matched before closed() as well', async () => {
    const { app, g } = kit();
    app.get('/x', g.open(), (_req, _res, next) => next());
    app.use(g.closed());
    app.get('/x', answer);
    expect((await call(app, '/x')).status).toBe(403);
  });

  it(`runs no handler when somebody else answered while the guard waited ${requirement('C2')}`, async () => {
    const { app, g, release } = kit();
    let ran = false;
    app.use((_req, res, next) => {
      next();
      res.end('too late');
      release();
    });
    app.get('/x', g.authenticated(), () => (ran = true));
    expect(await (await call(app, '/x', 'slow')).text()).toBe('too late');
    await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toBe(false);
  });

  it('hands an error on when the head was sent already', async () => {
    const { app, g } = kit();
    let heard: unknown;
    app.get('/x', g.authenticated(), (req, res, next) => {
      res.write('begun');
      try {
        g.auth(req).demand('posts:delete');
      } catch (error) {
        next(error);
      }
    });
    app.use(g.errors());
    app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
      heard = error;
      res.end();
    });
    expect((await call(app, '/x', 'ada')).status).toBe(200);
    expect(heard).toMatchObject({ code: 'permission_denied' });
  });

  it('drops what described the body that the handler had begun to prepare', async () => {
    const { app, g } = kit();
    app.get('/x', g.authenticated(), (req, res) => {
      res.set({
        'Content-Length': '3',
        'Content-Encoding': 'gzip',
        ETag: '"1"',
        'Cache-Control': 'public',
        'X-Kept': '1',
      });
      g.auth(req).demand('posts:delete');
    });
    app.use(g.errors());
    const { status, headers } = await call(app, '/x', 'ada');
    expect([status, headers.get('etag'), headers.get('content-encoding')]).toEqual([403, null, null]);
    expect([headers.get('cache-control'), headers.get('x-kept')]).toEqual(['no-store', '1']);
  });

  it(`takes the client's address from its own setting, not from Express' ${requirement('A5')}`, async () => {
    const { guard } = createTestGuard();
    const app = create();
    const g = expressGuard(guard);
    app.set('trust proxy', true);
    app.get('/x', g.open(), (req, res) => res.end(g.exchange(req).request.ip));
    const server = createServer(app);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    expect(await (await fetch(url, { headers: { 'x-forwarded-for': '203.0.113.9' } })).text()).toBe('127.0.0.1');
  });
});

describe('expressGuard', () => {
  it(`lets a rejected handler reach Express 5's error handler ${requirement('A4')}`, async () => {
    const { guard } = createTestGuard();
    const g = expressGuard(guard);
    const app = express();
    app.get('/x', g.authenticated(), () => Promise.reject(new Error('no')));
    app.get('/denied', g.authenticated(), async (req) => g.auth(req).demand('posts:delete'));
    app.use(g.errors());
    app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => res.status(418).end(error.message));
    const answered = await call(app, '/x', 'slow-not');
    expect([answered.status, await answered.text()]).toEqual([418, 'no']);
    expect((await call(app, '/denied', 'ada')).status).toBe(403);
  });

  it('refuses at start-up what cannot hold', () => {
    const { guard } = createTestGuard();
    expect(() => expressGuard(guard, { trustProxy: 0 })).toThrow(/^trustProxy: /);
    const g = expressGuard(guard);
    expect(() => g.require('posts:raed')).toThrow(/^permission: "posts:raed"/);
    expect(() => g.require('*')).toThrow(/wildcards belong in roles/);
    expect(() => g.authenticated({ schemes: ['cookie'] })).toThrow(/^schemes: "cookie"/);
  });
});
