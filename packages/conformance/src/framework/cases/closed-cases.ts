import { expect } from 'vitest';
import { bearer, type FrameworkCase, type FrameworkServer, requirement } from '../framework-case.js';
import type { RawRequest } from '../raw-client.js';

/** Refused because nothing was stated, with an event that names the route, and the handler did not run. */
async function closedRoute(server: FrameworkServer, path: string, request: RawRequest): Promise<void> {
  server.log.ran.length = 0;
  const before = server.events.length;
  const answer = await server.send(request);
  expect(answer.status).toBe(403);
  if (request.method !== 'HEAD') expect(JSON.parse(answer.body)).toMatchObject({ status: 403, code: 'route_closed' });
  expect(server.log.ran).not.toContain(path);
  const events = server.events.slice(before).filter(({ type }) => type === 'route.closed');
  expect(events).toEqual([expect.objectContaining({ method: request.method ?? 'GET', path })]);
}

/** Targets that differ from a route's path in ways that routers and proxies read differently. */
const oddTargets: readonly string[] = [
  ...['/ME', '/me/', '//me', '/./me', '/x/../me', '/%6de', '/me%2f', '/me;v=1', '/me%00', '/me#x', '/me?x', '/me%20'],
  ...['/UNDECLARED', '/undeclared/', '/undeclared//', '/%75ndeclared', '/undeclared%2f', '/undeclared/%2e%2e/me'],
  ...['/POSTS/p1', '/posts/p1/', '/posts%2Fp1', '/posts/p%2F1', '/posts//p1', '/posts/./p1', '/posts/%70%31'],
  ...[
    '/posts/%zz',
    '/posts/p1;x',
    '/posts/%E0%A4%A',
    '/area/',
    '/AREA/bare',
    '/area%2fbare',
    '/area/bare/',
    '//area/bare',
  ],
  ...['/nested/bare/', '/NESTED/bare', '/nested//bare', '/nested%2fbare', '/nested/deep/', '/nested/deep/a%2Fb'],
];

export const closedCases: readonly FrameworkCase[] = [
  {
    id: 'closed.undeclared',
    title: `refuses a route that states no requirement, and names it in an event ${requirement('C1')}`,
    async run({ closed }) {
      await closedRoute(closed, '/undeclared', { target: '/undeclared' });
      await closedRoute(closed, '/undeclared', { target: '/undeclared', lines: [bearer('root')] });
      await closedRoute(closed, '/undeclared/:id', { target: '/undeclared/x' });
      expect((await closed.send({ target: '/open' })).body).toBe('open');
    },
  },
  {
    id: 'closed.head',
    title: `refuses HEAD with it, and lets it through where GET is open ${requirement('C1', 'C3')}`,
    async run({ closed }) {
      await closedRoute(closed, '/undeclared', { method: 'HEAD', target: '/undeclared' });
      expect((await closed.send({ method: 'HEAD', target: '/open' })).status).toBe(200);
      expect((await closed.send({ method: 'HEAD', target: '/only-post' })).status).not.toBe(403);
    },
  },
  {
    id: 'closed.options',
    title: 'lets the automatic answer to OPTIONS pass, which runs no handler',
    async run({ closed }) {
      closed.log.ran.length = 0;
      for (const target of ['/me', '/undeclared', '/posts'])
        expect([401, 403]).not.toContain((await closed.send({ method: 'OPTIONS', target })).status);
      expect(closed.log.ran).toEqual([]);
    },
  },
  {
    id: 'closed.unmatched',
    title: "leaves what matches no route to the framework's 404",
    async run({ closed }) {
      expect((await closed.send({ target: '/nowhere' })).status).toBe(404);
    },
  },
  {
    id: 'closed.guard-last',
    title: `does not count a guard that stands after the handler ${requirement('C1')}`,
    run: ({ closed }) => closedRoute(closed, '/guard-last', { target: '/guard-last' }),
  },
  {
    id: 'closed.fall-through',
    title: `refuses an undeclared route that a declared one hands on to ${requirement('C1')}`,
    run: ({ closed }) => closedRoute(closed, '/fall/through', { target: '/fall/through' }),
  },
  {
    id: 'closed.shared-guard',
    title: 'takes a guard in front of a path for the routes below it',
    async run({ closed }) {
      expect((await closed.send({ target: '/area/bare' })).status).toBe(401);
      expect((await closed.send({ target: '/area/bare', lines: [bearer('rex')] })).body).toBe('read');
    },
  },
  {
    id: 'closed.shared-open',
    title: `does not take open() in front of a path for its routes: that is said by the route itself ${requirement('C1')}`,
    run: ({ closed }) => closedRoute(closed, '/lobby/bare', { target: '/lobby/bare' }),
  },
  {
    id: 'closed.nested',
    title: `reaches into mounted routers ${requirement('C1')}`,
    async run({ closed }) {
      await closedRoute(closed, '/nested/bare', { target: '/nested/bare', lines: [bearer('root')] });
      expect((await closed.send({ target: '/nested/deep/x' })).status).toBe(401);
      expect((await closed.send({ target: '/nested/deep/x', lines: [bearer('rex')] })).body).toBe('x');
    },
  },
  {
    id: 'closed.without',
    title: 'without closed(), a route without a guard answers, and auth() and exchange() say that no guard ran',
    async run({ bare }) {
      expect((await bare.send({ target: '/undeclared' })).body).toBe('guard_missing');
      expect((await bare.send({ target: '/undeclared-exchange' })).body).toBe('guard_missing');
    },
  },
  {
    id: 'paths.agree',
    title: `guards whatever the router matches: letter case, trailing and encoded slashes, dots ${requirement('A6')}`,
    async run({ closed }) {
      for (const target of oddTargets) {
        closed.log.ran.length = 0;
        const { status } = await closed.send({ target });
        expect([target, closed.log.ran, status < 200 || status >= 300]).toEqual([target, [], true]);
        const answer = await closed.send({ target, lines: [bearer('rex')] });
        // What the loader was given is what the handler reads as its parameter.
        const [param, loaded] = answer.body.split(' ');
        if (answer.status === 200 && closed.log.ran.includes('/posts/:id'))
          expect([target, loaded]).toEqual([target, param]);
      }
    },
  },
  {
    id: 'audit.lists',
    title: `lists every route with what it requires, full paths and methods ${requirement('C1')}`,
    run({ closed: { kit, app } }) {
      const routes = kit
        .audit(app as never)
        .map(({ method, path, state, requirement: words }) => [method, path, state, words]);
      for (const entry of [
        ['GET', '/open', 'open', 'open'],
        ['GET', '/me', 'guarded', 'authenticated'],
        ['GET', '/maybe', 'guarded', 'optional'],
        ['POST', '/posts', 'guarded', 'posts:create'],
        ['DELETE', '/posts/:id', 'guarded', 'posts:delete'],
        ['*', '/any', 'guarded', 'authenticated'],
        ['GET', '/undeclared', 'closed', undefined],
        ['GET', '/guard-last', 'closed', undefined],
        ['GET', '/fall/through', 'closed', undefined],
        ['GET', '/area/bare', 'guarded', 'authenticated'],
        ['GET', '/lobby/bare', 'closed', undefined],
        ['GET', '/nested/deep/:id', 'guarded', 'authenticated'],
        ['GET', '/nested/bare', 'closed', undefined],
      ])
        expect(routes).toContainEqual(entry);
      expect(routes.filter(([method]) => method === 'HEAD')).toEqual([]);
    },
  },
  {
    id: 'audit.asserts',
    title: `fails at start-up while a route states nothing or an opaque one is not acknowledged ${requirement('C1')}`,
    run({ closed: { kit, app } }) {
      const opaque = kit.audit(app as never).filter(({ state }) => state === 'opaque');
      expect(opaque.length).toBeGreaterThan(0);
      const assert = (acknowledge: readonly string[]) => () => kit.assertClosed(app as never, { acknowledge });
      const all = opaque.map(({ path }) => path);
      const closedOnes = /GET \/undeclared states no requirement.*GET \/nested\/bare states no requirement/s;
      expect(assert(all)).toThrow(
        expect.objectContaining({ code: 'routes_open', message: expect.stringMatching(closedOnes) as unknown }),
      );
      expect(assert([])).toThrow(new RegExp(`${opaque[0]?.path.replace(/[^\w]/g, '.')} cannot be looked into`));
      expect(assert([...all, 'nothing-by-this-name'])).toThrow(/"nothing-by-this-name" is acknowledged/);
    },
  },
];
