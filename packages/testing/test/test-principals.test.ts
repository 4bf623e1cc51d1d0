import { createGuard, createPolicy } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { Hono } from 'hono';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTestPrincipals, fakeClock } from '../src/index.js';

const policy = createPolicy({
  permissions: ['posts:read', 'posts:delete'],
  roles: { reader: ['posts:read'], admin: ['posts:read', 'posts:delete'] },
});

function setUp() {
  const clock = fakeClock();
  const people = createTestPrincipals({ clock });
  const guard = createGuard({ authenticators: [people.authenticator()], policy, roles: () => ['reader'], clock });
  const g = honoGuard(guard);
  const app = new Hono()
    .get('/me', g.authenticated(), (c) => {
      const { principal, credential } = c.var.auth;
      return c.json({ principal, credential });
    })
    .get('/fresh', g.authenticated({ maxAge: 60 }), (c) => c.text('fresh'))
    .get('/by-session', g.authenticated({ schemes: ['test'] }), (c) => c.text('in'))
    .delete('/posts', g.require('posts:delete'), (c) => c.body(null, 204));
  return { people, clock, app };
}

const statusOf = async (app: Hono, path: string, headers: Record<string, string>, method = 'GET'): Promise<number> =>
  (await app.request(path, { headers, method })).status;

describe('createTestPrincipals', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('gives the handler the principal and the facts that the test told', async () => {
    const { people, app } = setUp();
    const { headers } = people.asKey('ada', { scopes: ['posts:read'], tenant: 'acme', amr: ['pwd'] });
    expect(await (await app.request('/me', { headers })).json()).toEqual({
      principal: { kind: 'api-key', id: 'ada', tenant: 'acme' },
      credential: { scheme: 'test', id: 'test-1', scopes: ['posts:read'], amr: ['pwd'] },
    });
  });

  it("asks the application's own roles, unless the test says which the caller has", async () => {
    const { people, app } = setUp();
    expect(await statusOf(app, '/posts', people.asUser('ada').headers, 'DELETE')).toBe(403);
    expect(await statusOf(app, '/posts', people.asUser('ada', { roles: ['admin'] }).headers, 'DELETE')).toBe(204);
  });

  it(`keeps scopes a ceiling ${requirement('K7')}`, async () => {
    const { people, app } = setUp();
    const { headers } = people.asKey('ada', { scopes: ['posts:read'], roles: ['admin'] });
    expect(await statusOf(app, '/posts', headers, 'DELETE')).toBe(403);
  });

  it('lets a test say when the caller signed in, and lets the caller expire', async () => {
    const { people, clock, app } = setUp();
    const { headers } = people.asUser('ada', { authenticatedAt: clock(), expiresAt: clock() + 120_000 });
    expect(await statusOf(app, '/fresh', headers)).toBe(200);
    clock.advance(61_000);
    expect(await statusOf(app, '/fresh', headers)).toBe(401);
    expect(await statusOf(app, '/me', headers)).toBe(200);
    clock.advance(59_000);
    expect(await statusOf(app, '/me', headers)).toBe(401);
  });

  it("refuses another object's callers, and anything that was changed", async () => {
    const { people, app } = setUp();
    expect(await statusOf(app, '/me', createTestPrincipals().asUser('ada').headers)).toBe(401);
    const { authorization } = people.asUser('ada').headers;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(authorization.length - 6),
        fc.constantFrom('A', 'a', '0', '-', '.'),
        async (at, letter) => {
          const changed = `${authorization.slice(0, at + 5)}${letter}${authorization.slice(at + 6)}`;
          fc.pre(changed !== authorization);
          expect([400, 401]).toContain(await statusOf(app, '/me', { authorization: changed }));
        },
      ),
    );
    expect(await statusOf(app, '/me', { authorization: 'Test !' })).toBe(400);
  });

  it('refuses to exist in production', () => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(() => createTestPrincipals()).toThrow(/NODE_ENV: it is production/);
  });

  it('names the mistake of a caller that is nobody', () => {
    expect(() => createTestPrincipals().asUser('')).toThrow(/principal: give \{ kind, id \}/);
  });
});
