import { createGuard, createPolicy } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { requirement } from '@portcullis-internal/testkit';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { createTestPrincipals, denialMatrix, type MatrixSend } from '../src/index.js';
import { fillPath } from '../src/fill-path.js';

interface Post {
  readonly id: string;
  readonly authorId: string;
  readonly tenant: string;
}

const posts = new Map<string, Post>([['1', { id: '1', authorId: 'ada', tenant: 'acme' }]]);

/** An application with one mistake or none. */
function setUp(mistake?: 'no rule' | 'no guard' | 'broken') {
  const people = createTestPrincipals();
  const policy = createPolicy({
    permissions: ['posts:read', 'posts:delete', 'posts:purge'],
    roles: { author: ['posts:read', 'posts:delete'] },
    rules: (rule) => ({
      'posts:delete': rule<Post>(
        ({ auth, resource }) => mistake === 'no rule' || resource.authorId === auth.principal.id,
      ),
    }),
    tenantOf: (resource) => resource['tenant'],
  });
  const guard = createGuard({ authenticators: [people.authenticator()], policy, roles: () => ['author'] });
  const g = honoGuard(guard);
  const post = g.byParam('id', (id) => posts.get(id));
  const app = new Hono();
  app.use(g.closed());
  app.get('/health', g.open(), (c) => c.text('ok'));
  app.get('/home', g.optional(), (c) => c.text('home'));
  app.get('/me', g.authenticated(), (c) => c.text('me'));
  app.get('/posts/:id', g.require('posts:read', post), (c) => c.text('post'));
  app.delete('/posts/:id', g.require('posts:delete', post), (c) => c.body(null, mistake === 'broken' ? 500 : 204));
  if (mistake === 'no guard') app.get('/secret', (c) => c.text('secret'));
  const acme = { tenant: 'acme' };
  const mine = ['GET /posts/:id', 'DELETE /posts/:id'];
  const callers = {
    owner: { caller: people.asUser('ada', acme), allow: mine },
    'wrong scope': { caller: people.asKey('ada', { scopes: [], ...acme }) },
    'wrong owner': { caller: people.asUser('grace', acme), allow: ['GET /posts/:id'] },
    'wrong tenant': { caller: people.asUser('ada', { tenant: 'globex' }) },
    'nobody in particular': { caller: people.asUser('rex', { roles: [], ...acme }) },
  };
  const send: MatrixSend = (path, init) => app.request(path, init);
  return { routes: g.audit(app), callers, send, parameters: { id: '1' } };
}

describe('denialMatrix', () => {
  it(`finds nothing in an application that is right ${requirement('C1', 'C4', 'C7')}`, async () => {
    const matrix = await denialMatrix(setUp());
    expect(matrix.faults).toEqual([]);
    expect(matrix.rows.map(({ route }) => `${route.method} ${route.path}`)).toEqual([
      'GET /health',
      'GET /home',
      'GET /me',
      'GET /posts/:id',
      'DELETE /posts/:id',
    ]);
    expect(matrix.toString()).toMatchInlineSnapshot(`
      "route              requires       anonymous  owner  wrong scope  wrong owner  wrong tenant  nobody in particular
      GET /health        open           200        200    200          200          200           200
      GET /home          optional       200        200    200          200          200           200
      GET /me            authenticated  401        200    200          200          200           200
      GET /posts/:id     posts:read     401        200    403          200          403           403
      DELETE /posts/:id  posts:delete   401        204    403          403          403           403"
    `);
  });

  it('finds a rule that lets another owner through', async () => {
    const { faults } = await denialMatrix(setUp('no rule'));
    expect(faults).toEqual([
      'DELETE /posts/:id (posts:delete) as wrong owner: answered 204, but this caller must be denied',
    ]);
  });

  it('finds a route that a caller should have and has not', async () => {
    const options = setUp();
    const { faults } = await denialMatrix({
      ...options,
      callers: { grace: { ...options.callers['wrong owner'], allow: ['DELETE /posts/:id', 'GET /posts/:id'] } },
    });
    expect(faults).toEqual(['DELETE /posts/:id (posts:delete) as grace: answered 403, but this caller may']);
  });

  it('counts an answer of 500 as nobody can tell', async () => {
    const { faults } = await denialMatrix(setUp('broken'));
    expect(faults).toEqual(['DELETE /posts/:id (posts:delete) as owner: answered 500: nobody can tell']);
  });

  it('calls a closed route too, which must be 403 for all', async () => {
    const { faults, rows } = await denialMatrix(setUp('no guard'));
    expect(faults).toEqual([]);
    expect(rows.at(-1)?.answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403]);
  });

  it('says when an open door answers where the guard should have', async () => {
    const { routes, callers } = setUp();
    const { faults } = await denialMatrix({
      routes,
      callers: { owner: callers.owner },
      parameters: { id: '1' },
      send: () => ({ status: 200 }),
    });
    expect(faults).toEqual([
      'GET /me (authenticated) as anonymous: answered 200 instead of 401',
      'GET /posts/:id (posts:read) as anonymous: answered 200 instead of 401',
      'DELETE /posts/:id (posts:delete) as anonymous: answered 200 instead of 401',
    ]);
  });

  it('lists what cannot be looked into, and does not call it', async () => {
    const called: string[] = [];
    const matrix = await denialMatrix({
      routes: [
        { method: '*', path: 'static', state: 'opaque' },
        { method: '*', path: '/any', state: 'open', requirement: 'open' },
      ],
      callers: {},
      send: (path, { method }) => {
        called.push(`${method} ${path}`);
        return { status: 200 };
      },
    });
    expect(called).toEqual(['GET /any']);
    expect(matrix.opaque.map(({ path }) => path)).toEqual(['static']);
  });

  it('names the mistake', async () => {
    const options = setUp();
    await expect(denialMatrix({ ...options, parameters: {} })).rejects.toThrow(
      'parameters: /posts/:id needs a value for "id".',
    );
    await expect(denialMatrix({ ...options, routes: [] })).rejects.toThrow(/routes: give the routes/);
    await expect(
      denialMatrix({ ...options, callers: { ada: { caller: undefined, allow: ['GET /nowhere'] } } }),
    ).rejects.toThrow('callers.ada.allow: there is no route GET /nowhere');
  });
});

describe('fillPath', () => {
  it.each([
    ['/posts/:id', '/posts/a%2Fb'],
    ['/posts/:id(\\d+)/x', '/posts/a%2Fb/x'],
    ['/posts/:id{[0-9]+}', '/posts/a%2Fb'],
    ['/posts/:id?', '/posts/a%2Fb'],
    ['/files/*', '/files/b/c.txt'],
    ['/plain', '/plain'],
  ])('fills %s', (pattern, path) => {
    expect(fillPath(pattern, { id: 'a/b', '*': 'b/c.txt' })).toBe(path);
  });

  it('takes nothing of what every object has', () => {
    expect(() => fillPath('/:constructor', {})).toThrow(/needs a value for "constructor"/);
  });
});
