import { requirement } from '@portcullis-internal/testkit';
import type { Exchange } from '@portcullis/core';
import { describe, expect, it, vi } from 'vitest';
import { webGuard } from '../src/index.js';
import { createTestGuard } from './test-guard.js';

const request = (path: string, token?: string, init: RequestInit = {}): Request =>
  new Request(`https://api.example${path}`, {
    ...init,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
const answer = (): Response => new Response('answered');
const kit = () => webGuard(createTestGuard().guard);

describe('webGuard', () => {
  it('hands the arguments of the framework on, behind what the guard found out', async () => {
    const g = kit();
    const handler = g.authenticated()((context, source: Request, second: { waitUntil: string }) =>
      Response.json([context.auth.principal.id, context.request === source, g.auth(source) === context.auth, second]),
    );
    const response = await handler(request('/x', 'ada'), { waitUntil: 'later' });
    expect(await response.json()).toEqual(['ada', true, true, { waitUntil: 'later' }]);
  });

  it('finds path parameters where Next.js, SvelteKit, React Router and Bun put them', async () => {
    const g = kit();
    const handler = g.require(
      'posts:read',
      g.byParam('id', (id) => ({ id })),
    )(({ resource }) => Response.json(resource));
    const bun = Object.assign(request('/x', 'ada'), { params: { id: 'bun' } });
    const calls = [
      handler(request('/x', 'ada'), { params: Promise.resolve({ id: 'next' }) }),
      handler({ request: request('/x', 'ada'), ...{ params: { id: 'kit' } } }),
      handler(bun),
    ];
    const found = await Promise.all(calls.map(async (each) => (await (await each).json()) as { id: string }));
    expect(found.map(({ id }) => id)).toEqual(['next', 'kit', 'bun']);
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    expect((await handler(request('/x', 'ada'))).status).toBe(503);
    vi.restoreAllMocks();
  });

  it(`finds two Authorization fields joined into one ${requirement('A3')}`, async () => {
    const g = kit();
    const headers = new Headers([
      ['authorization', 'Bearer ada'],
      ['authorization', 'Bearer ada'],
    ]);
    const response = await g.authenticated()(answer)(new Request('https://api.example/', { headers }));
    expect([response.status, (await response.json()).code]).toEqual([400, 'invalid_request']);
  });

  it('sends appended fields with a response whose headers cannot be changed, and not later', async () => {
    const g = kit();
    const kept: Exchange[] = [];
    const handler = g.open()(({ request: asked }) => {
      kept.push(g.exchange(asked));
      g.exchange(asked).response.append('set-cookie', 'sid=1');
      return Response.redirect('https://app.example/', 303);
    });
    const { status, headers } = await handler(request('/x'));
    expect([status, headers.get('location'), headers.getSetCookie()]).toEqual([303, 'https://app.example/', ['sid=1']]);
    expect(() => kept[0]?.response.append('a', 'b')).toThrow(expect.objectContaining({ code: 'response_sent' }));
  });

  it('lets an upgraded connection pass, of which Bun answers nothing', async () => {
    const g = kit();
    const handler = g.open()(({ request: asked }) => {
      g.exchange(asked).response.append('set-cookie', 'sid=1');
      return undefined as unknown as Response;
    });
    expect(await handler(request('/x'))).toBeUndefined();
  });

  it('turns a thrown denial into 403 and hands other errors on', async () => {
    const g = kit();
    const denied = g.authenticated()(({ auth }) => (auth.demand('posts:delete'), answer()));
    expect((await denied(request('/x', 'ada'))).status).toBe(403);
    const broken = g.authenticated()(() => Promise.reject(new Error('no')));
    await expect(broken(request('/x', 'ada'))).rejects.toThrow('no');
  });

  it('says where no guard ran', () => {
    const g = kit();
    for (const read of [g.auth, g.optionalAuth, g.exchange])
      expect(() => read(request('/x'))).toThrow(expect.objectContaining({ code: 'guard_missing' }));
  });

  it(`knows no address unless the runtime or a proxy tells it ${requirement('A5')}`, async () => {
    const { guard } = createTestGuard();
    const ip = async (options: Parameters<typeof webGuard>[1], ...rest: unknown[]): Promise<string> => {
      const g = webGuard(guard, options);
      const read = g.open()(({ request: asked }) => new Response(String(g.exchange(asked).request.ip)));
      const asked = new Request('https://api.example/', { headers: { 'x-forwarded-for': '10.6.6.6, 203.0.113.9' } });
      return (await read(asked, ...rest)).text();
    };
    const address = (_source: unknown, peer: unknown): string => String(peer);
    expect(await ip({})).toBe('undefined');
    expect(await ip({ address }, '198.51.100.7')).toBe('198.51.100.7');
    expect(await ip({ address, trustProxy: 1 }, '198.51.100.7')).toBe('203.0.113.9');
  });

  it('refuses at start-up what cannot hold', () => {
    const { guard } = createTestGuard();
    expect(() => webGuard(guard, { trustProxy: 0 })).toThrow(/^trustProxy: /);
    const g = webGuard(guard);
    expect(() => g.require('posts:raed')).toThrow(/^permission: "posts:raed"/);
    expect(() => g.require('*')).toThrow(/wildcards belong in roles/);
    for (const key of ['posts', 'get /posts', 'GET posts', 'GET /*/x', 'GET  /x'])
      expect(() => g.fetch({ [key]: answer })).toThrow(/^routes: /);
    expect(() => g.fetch({ 'GET /x': undefined as never })).toThrow(/be a function/);
  });
});

describe('a route table', () => {
  it('prefers text to parameters to the rest, in whatever order they are written', async () => {
    const g = kit();
    const say = (word: string) => g.open()(({ params }) => Response.json([word, params]));
    const fetch = g.fetch({
      '/*': say('rest'),
      'GET /:a': say('one'),
      'GET /:a/y': say('y'),
      'GET /x/:b': say('x'),
      'GET /x/y': say('text'),
      'POST /x/y': say('post'),
    });
    const call = async (path: string, init?: RequestInit): Promise<unknown> =>
      (await fetch(request(path, undefined, init))).json();
    expect(await call('/x/y')).toEqual(['text', {}]);
    expect(await call('/x/y', { method: 'POST' })).toEqual(['post', {}]);
    expect(await call('/x/y', { method: 'HEAD' })).toEqual(['text', {}]);
    expect(await call('/x/%C3%A9')).toEqual(['x', { b: 'é' }]);
    expect(await call('/z/y')).toEqual(['y', { a: 'z' }]);
    expect(await call('/z')).toEqual(['one', { a: 'z' }]);
    expect(await call('/')).toEqual(['rest', { '*': '' }]);
    expect(await call('/a/b/c')).toEqual(['rest', { '*': 'a/b/c' }]);
    expect(await call('/%E0%A4%A')).toEqual(['rest', { '*': '%E0%A4%A' }]);
    expect(await call('/x/y', { method: 'DELETE' })).toEqual(['rest', { '*': 'x/y' }]);
  });

  it('says once what a handler and a feature both say', async () => {
    const g = kit();
    const handler = g.open()(({ request: asked }) => {
      g.exchange(asked).response.append('cache-control', 'no-store');
      g.exchange(asked).response.append('vary', 'Origin');
      return new Response('', { headers: { 'cache-control': 'no-store', vary: 'Accept' } });
    });
    const { headers } = await handler(request('/'));
    expect([headers.get('cache-control'), headers.get('vary')]).toEqual(['no-store', 'Accept, Origin']);
  });

  it('answers 405 and OPTIONS with the methods there are, and 404 or its fallback for no path', async () => {
    const g = kit();
    const routes = { 'GET /x': g.open()(answer), 'POST /x': g.open()(answer) };
    const call = (path: string, method: string, options = {}): Promise<Response> =>
      g.fetch(routes, options)(request(path, undefined, { method }));
    const refused = await call('/x', 'DELETE');
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, POST']);
    const asked = await call('/x', 'OPTIONS');
    expect([asked.status, asked.headers.get('allow')]).toEqual([204, 'GET, POST']);
    expect((await call('/y', 'GET')).status).toBe(404);
    expect(await (await call('/y', 'GET', { fallback: answer })).text()).toBe('answered');
  });

  it(`takes tables inside with the guards in front of them ${requirement('C1')}`, async () => {
    const g = kit();
    const inner = g.fetch({ 'GET /admin/bare': answer, 'GET /admin/open': g.open()(answer) });
    const lobby = g.fetch({ 'GET /lobby/bare': answer });
    const app = g.fetch({ '/admin/*': g.authenticated()(inner), '/lobby/*': g.open()(lobby) }, { fallback: answer });
    expect((await app(request('/admin/bare'))).status).toBe(401);
    expect((await app(request('/admin/bare', 'ada'))).status).toBe(200);
    expect((await app(request('/lobby/bare', 'ada'))).status).toBe(403);
    expect(g.audit(app)).toEqual([
      {
        method: 'GET',
        path: '/admin/bare',
        state: 'guarded',
        requirement: 'authenticated',
        asks: { kind: 'authenticated' },
      },
      { method: 'GET', path: '/admin/open', state: 'open', requirement: 'open', asks: { kind: 'open' } },
      { method: 'GET', path: '/lobby/bare', state: 'closed' },
      { method: '*', path: 'answer', state: 'opaque' },
    ]);
    expect(g.audit(g.authenticated()(inner))).toHaveLength(2);
    expect(() => g.audit(answer)).toThrow(/g\.fetch\(routes\)/);
  });

  it('hands the arguments of the runtime on, through guards and tables too', async () => {
    const g = kit();
    const tell = g.open()((_context, _request, ...rest: unknown[]) => Response.json(rest));
    const app = g.fetch({ 'GET /x': tell, '/in/*': g.authenticated()(g.fetch({ 'GET /in/x': tell })) });
    for (const asked of [request('/x'), request('/in/x', 'ada')])
      expect(await (await app(asked, { DB: 'binding' }, 'context')).json()).toEqual([{ DB: 'binding' }, 'context']);
  });

  it('reports a failed handler on the console and answers 500', async () => {
    const g = kit();
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const fetch = g.fetch({ 'GET /x': g.open()(() => Promise.reject(new Error('no'))) });
    const response = await fetch(request('/x'));
    expect([response.status, await response.text()]).toEqual([500, 'Internal Server Error']);
    expect(error).toHaveBeenCalledWith(expect.objectContaining({ message: 'no' }));
    vi.restoreAllMocks();
  });
});
