import {
  cachedRoles,
  CoreError,
  createGuard,
  PermissionDenied,
  parseChallenges,
  StorageUnavailableError,
} from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it, vi } from 'vitest';
import {
  absent,
  asUser,
  bearer,
  cookie,
  guardWith,
  headerOf,
  invalid,
  type Post,
  policy,
  record,
  requestOf,
  tokenAuthenticator,
} from './harness.js';

const authenticated = { kind: 'authenticated' } as const;
const post: Post = { id: '1', authorId: 'ada' };

async function refusal(decision: unknown) {
  const settled = (await decision) as Awaited<ReturnType<ReturnType<typeof guardWith>['check']>>;
  if (settled.allowed) throw new Error('It was allowed.');
  return settled;
}

async function admission(decision: unknown) {
  const settled = (await decision) as Awaited<ReturnType<ReturnType<typeof guardWith>['check']>>;
  if (!settled.allowed) throw new Error(`It was refused: ${settled.denial.code}`);
  return settled;
}

describe('createGuard: finding the credential', () => {
  it('gives the principal of an explicit credential, without a promise where nothing waits', () => {
    const decision = guardWith().check(bearer('user-ada'), authenticated);
    expect(decision).toMatchObject({ allowed: true, auth: { principal: { kind: 'user', id: 'ada' } } });
  });

  it('prefers an explicit credential to an ambient one', async () => {
    const request = requestOf([
      ['Cookie', 'sid=user-rex'],
      ['Authorization', 'Bearer user-ada'],
    ]);
    expect((await admission(guardWith().check(request, authenticated))).auth?.principal.id).toBe('ada');
  });

  it('never falls through from a bad explicit credential to a good cookie', async () => {
    const request = requestOf([
      ['Cookie', 'sid=user-rex'],
      ['Authorization', 'Bearer junk'],
    ]);
    expect((await refusal(guardWith().check(request, authenticated))).outcome.status).toBe(401);
  });

  it(`answers 400 to two Authorization headers ${requirement('C10')}`, async () => {
    const request = requestOf([
      ['Authorization', 'Bearer user-ada'],
      ['authorization', 'Bearer user-ada'],
    ]);
    const { outcome } = await refusal(guardWith().check(request, authenticated));
    expect([outcome.status, outcome.problem.code]).toEqual([400, 'invalid_request']);
  });

  it(`answers 400 to two Authorization headers that the runtime has joined ${requirement('C10')}`, async () => {
    const { outcome } = await refusal(guardWith().check(bearer('user-ada, Bearer user-rex'), authenticated));
    expect(outcome.status).toBe(400);
  });

  it(`answers 400 when two authenticators find an explicit credential ${requirement('C10')}`, async () => {
    const guard = createGuard({
      authenticators: [tokenAuthenticator(() => asUser('ada'), 'one'), tokenAuthenticator(() => asUser('ada'), 'two')],
      policy,
    });
    expect((await refusal(guard.check(bearer('x'), authenticated))).outcome.status).toBe(400);
  });

  it(`answers 400 to a credential in the query, by default ${requirement('C21')}`, async () => {
    const guard = guardWith();
    for (const url of ['/?access_token=x', '/a?b=c&api_key=x', '/?ACCESS_TOKEN=x', '/?apikey']) {
      expect((await refusal(guard.check(requestOf([], { url }), authenticated))).outcome.status, url).toBe(400);
    }
    const innocent = requestOf([['Authorization', 'Bearer user-ada']], { url: '/?my_access_token_count=3' });
    expect((await admission(guard.check(innocent, authenticated))).allowed).toBe(true);
  });

  it('answers 401 invalid_token to a credential that nobody claims, also on an optional route', async () => {
    for (const request of [
      requestOf([['Authorization', 'Digest username="a"']]),
      bearer('not-ours'),
      requestOf([['X-API-Key', 'k']]),
    ]) {
      for (const kind of ['authenticated', 'optional'] as const) {
        const { outcome } = await refusal(guardWith().check(request, { kind }));
        expect([outcome.status, outcome.problem.code]).toEqual([401, 'invalid_token']);
      }
    }
  });

  it('answers 401 when an authenticator claimed a credential and then found none', async () => {
    const { outcome } = await refusal(guardWith({ token: () => absent }).check(bearer('x'), authenticated));
    expect(outcome.status).toBe(401);
  });

  it('takes an ambient authenticator that found nothing for anonymous', async () => {
    const guard = guardWith({ cookie: () => absent });
    expect((await admission(guard.check(cookie('gone'), { kind: 'optional' }))).auth).toBeUndefined();
    expect((await refusal(guard.check(cookie('gone'), authenticated))).denial.code).toBe('credential_missing');
  });

  it('lets an anonymous caller pass an optional route and refuses a bad credential there', async () => {
    const guard = guardWith();
    expect((await admission(guard.check(requestOf(), { kind: 'optional' }))).auth).toBeUndefined();
    expect((await refusal(guard.check(bearer('junk'), { kind: 'optional' }))).outcome.status).toBe(401);
  });

  it('looks at no credential on an open route', async () => {
    const token = vi.fn(() => invalid);
    expect((await admission(guardWith({ token }).check(bearer('junk'), { kind: 'open' }))).auth).toBeUndefined();
    expect(token).not.toHaveBeenCalled();
  });

  it(`keeps a route to the schemes it names ${requirement('K6')}`, async () => {
    const guard = guardWith();
    const onlySessions = { kind: 'authenticated', schemes: ['session'] } as const;
    expect((await refusal(guard.check(bearer('user-ada'), onlySessions))).denial.code).toBe('scheme_not_accepted');
    expect((await admission(guard.check(cookie('user-ada'), onlySessions))).auth?.principal.id).toBe('ada');
    expect(
      (await refusal(guard.check(cookie('user-ada'), { kind: 'authenticated', schemes: ['token'] }))).denial.code,
    ).toBe('credential_missing');
  });
});

describe('createGuard: failing closed', () => {
  const boom = new Error('select * from secrets');

  it(`answers 503 to every throw, rejection and outage, and never runs a loader after it ${requirement('C2')}`, async () => {
    const load = vi.fn(() => post);
    const needs = { kind: 'permission', permission: 'posts:delete' } as const;
    const throws = () => {
      throw boom;
    };
    const rejects = () => Promise.reject(boom);
    const unavailable = () => ({ outcome: 'unavailable', cause: boom }) as const;
    for (const guard of [
      guardWith({ token: throws }),
      guardWith({ token: rejects }),
      guardWith({ token: unavailable }),
      guardWith({ roles: throws }),
      guardWith({ roles: rejects }),
      guardWith({ roles: () => Promise.reject(new StorageUnavailableError()) }),
    ]) {
      const { outcome } = await refusal(guard.check(bearer('user-ada'), needs, load));
      expect([outcome.status, outcome.problem.code]).toEqual([503, 'unavailable']);
      expect(outcome.body).not.toContain('secrets');
    }
    expect(load).not.toHaveBeenCalled();
  });

  it(`answers 503 when an authenticator gives no known outcome ${requirement('C2')}`, async () => {
    const guard = guardWith({ token: () => ({ outcome: 'fine' }) as never });
    expect((await refusal(guard.check(bearer('user-ada'), authenticated))).outcome.status).toBe(503);
  });

  it(`answers 503 when a loader fails ${requirement('C2')}`, async () => {
    const needs = { kind: 'permission', permission: 'posts:delete' } as const;
    const seen: unknown[] = [];
    const guard = guardWith({ onError: (error) => seen.push(error) });
    for (const load of [
      () => Promise.reject(boom),
      () => {
        throw boom;
      },
    ]) {
      expect((await refusal(guard.check(bearer('user-ada'), needs, load))).outcome.status).toBe(503);
    }
    expect(seen).toEqual([boom, boom]);
  });

  it(`answers 503 when nothing answers in time ${requirement('C2')}`, async () => {
    vi.useFakeTimers();
    try {
      const guard = guardWith({ token: () => new Promise(() => {}), timeout: 250 });
      const decision = guard.check(bearer('user-ada'), authenticated);
      await vi.advanceTimersByTimeAsync(250);
      expect((await refusal(decision)).outcome.status).toBe(503);
    } finally {
      vi.useRealTimers();
    }
  });

  it("answers all the same when the application's own error log throws", async () => {
    const guard = guardWith({
      token: () => Promise.reject(boom),
      onError: () => {
        throw new Error('log is down');
      },
    });
    expect((await refusal(guard.check(bearer('user-ada'), authenticated))).outcome.status).toBe(503);
  });

  it('tells the client how long to wait when the authenticator knows', async () => {
    const guard = guardWith({ token: () => ({ outcome: 'unavailable', retryAfterSeconds: 2.2 }) });
    const { outcome } = await refusal(guard.check(bearer('x'), authenticated));
    expect(headerOf(outcome, 'retry-after')).toBe('3');
  });
});

describe('createGuard: permission and resource', () => {
  const remove = { kind: 'permission', permission: 'posts:delete' } as const;

  it(`denies the same role another owner's object ${requirement('C4')}`, async () => {
    const guard = guardWith();
    expect((await admission(guard.check(bearer('user-ada'), remove, () => post))).resource).toBe(post);
    const { outcome } = await refusal(guard.check(bearer('user-grace'), remove, () => post));
    expect([outcome.status, outcome.problem.code]).toEqual([403, 'permission_denied']);
  });

  it('loads nothing for a caller whose role or scope is short', async () => {
    const load = vi.fn(() => post);
    await refusal(guardWith().check(bearer('user-rex'), remove, load));
    await refusal(
      guardWith({ token: () => asUser('ada', { scopes: ['read:posts'] }) }).check(bearer('x'), remove, load),
    );
    expect(load).not.toHaveBeenCalled();
  });

  it('answers 404 to what the loader does not find, and with conceal to what a rule denies', async () => {
    const guard = guardWith();
    for (const nothing of [undefined, null]) {
      expect((await refusal(guard.check(bearer('user-ada'), remove, () => nothing))).outcome.status).toBe(404);
    }
    const concealed = await refusal(guard.check(bearer('user-grace'), { ...remove, conceal: true }, () => post));
    const missing = await refusal(guard.check(bearer('user-grace'), { ...remove, conceal: true }, () => undefined));
    expect(concealed.outcome).toEqual(missing.outcome);
  });

  it('denies a permission with a rule when no resource was loaded', async () => {
    expect((await refusal(guardWith().check(bearer('user-root'), remove))).outcome.status).toBe(403);
  });

  it(`denies a principal of tenant A the resource of tenant B, also to an administrator ${requirement('C7')}`, async () => {
    const guard = guardWith({
      token: () => ({ ...asUser('root'), principal: { kind: 'user', id: 'root', tenant: 'a' } }),
    });
    expect((await refusal(guard.check(bearer('x'), remove, () => ({ ...post, tenant: 'b' })))).outcome.status).toBe(
      403,
    );
    expect((await admission(guard.check(bearer('x'), remove, () => ({ ...post, tenant: 'a' })))).allowed).toBe(true);
  });

  it(`names the missing scope in a 403 insufficient_scope ${requirement('C13')}`, async () => {
    const guard = guardWith({ token: () => asUser('ada', { scopes: ['read:posts'] }) });
    const { outcome } = await refusal(guard.check(bearer('x'), { kind: 'permission', permission: 'posts:create' }));
    expect([outcome.status, outcome.problem.code]).toEqual([403, 'insufficient_scope']);
    expect(parseChallenges(headerOf(outcome, 'www-authenticate') ?? '')).toMatchObject([
      { scheme: 'Bearer', params: { error: 'insufficient_scope', scope: expect.stringContaining('posts:create') } },
    ]);
  });

  it('composes permissions without rules', async () => {
    const guard = guardWith();
    const any = { kind: 'permission', permission: { anyOf: ['keys:manage', 'posts:create'] } } as const;
    const all = { kind: 'permission', permission: { allOf: ['keys:manage', 'posts:create'] } } as const;
    expect((await admission(guard.check(bearer('user-ada'), any))).allowed).toBe(true);
    expect((await refusal(guard.check(bearer('user-ada'), all))).outcome.status).toBe(403);
    expect((await admission(guard.check(bearer('user-root'), all))).allowed).toBe(true);
  });

  it('asks for the roles once a request, and not at all when the authenticator has read them', async () => {
    const roles = vi.fn(() => ['reader'] as const);
    const guard = guardWith({ roles });
    const read = { kind: 'permission', permission: 'posts:read' } as const;
    await admission(guard.check(bearer('user-ada'), read));
    expect(roles).toHaveBeenCalledTimes(1);
    const carrying = guardWith({ roles, token: () => asUser('ada', {}, { roles: ['author'] }) });
    expect((await admission(carrying.check(bearer('x'), read))).auth?.roles).toEqual(['author']);
    expect(roles).toHaveBeenCalledTimes(1);
  });

  it('applies a role change on the next request, and with cachedRoles after its ttl', async () => {
    let now = 0;
    let role: 'reader' | 'author' = 'author';
    const create = { kind: 'permission', permission: 'posts:create' } as const;
    const plain = guardWith({ roles: () => [role] });
    const cached = guardWith({ roles: cachedRoles(async () => [role], { ttl: 1000, clock: () => now }) });
    await admission(plain.check(bearer('user-ada'), create));
    await admission(cached.check(bearer('user-ada'), create));
    role = 'reader';
    await refusal(plain.check(bearer('user-ada'), create));
    now = 999;
    await admission(cached.check(bearer('user-ada'), create));
    now = 1000;
    await refusal(cached.check(bearer('user-ada'), create));
  });
});

describe('createGuard: fresh and strong sign-in', () => {
  const at = (authenticatedAt: number | undefined, acr?: string) =>
    guardWith({ token: () => asUser('ada', { authenticatedAt, acr }), clock: () => 1_000_000 });

  it(`asks for a newer sign-in with max_age ${requirement('C28', 'C30')}`, async () => {
    const fresh = { kind: 'authenticated', maxAge: 60 } as const;
    expect((await admission(at(940_000).check(bearer('x'), fresh))).allowed).toBe(true);
    for (const guard of [at(939_999), at(undefined)]) {
      const { outcome } = await refusal(guard.check(bearer('x'), fresh));
      expect(outcome.status).toBe(401);
      expect(parseChallenges(headerOf(outcome, 'www-authenticate') ?? '')?.[0]).toMatchObject({
        scheme: 'Bearer',
        params: { error: 'insufficient_user_authentication', max_age: '60' },
      });
    }
  });

  it(`asks for a stronger sign-in with acr_values, and takes a missing acr for the weakest ${requirement('C28', 'C29')}`, async () => {
    const strong = { kind: 'authenticated', acr: ['phr', 'mfa'] } as const;
    expect((await admission(at(1, 'mfa').check(bearer('x'), strong))).allowed).toBe(true);
    for (const guard of [at(1, 'pwd'), at(1)]) {
      const { outcome } = await refusal(guard.check(bearer('x'), strong));
      expect(headerOf(outcome, 'www-authenticate')).toContain('acr_values="phr mfa"');
    }
  });
});

describe('createGuard: what it answers', () => {
  it(`challenges with every accepted scheme, and with no error where none was sent ${requirement('C11', 'C12')}`, async () => {
    const { outcome } = await refusal(guardWith().check(requestOf(), authenticated));
    expect(parseChallenges(headerOf(outcome, 'www-authenticate') ?? '')).toMatchObject([
      { scheme: 'Bearer', params: { realm: 'api' } },
      { scheme: 'Cookie', params: { realm: 'api', 'cookie-name': 'sid' } },
    ]);
    expect(headerOf(outcome, 'www-authenticate')).not.toContain('error');
  });

  it(`puts the error on the challenge of the credential that failed, once ${requirement('C13', 'C14')}`, async () => {
    const { outcome } = await refusal(guardWith().check(bearer('junk'), authenticated));
    const [first, second] = parseChallenges(headerOf(outcome, 'www-authenticate') ?? '') ?? [];
    expect([first?.params.error, second?.params.error]).toEqual(['invalid_token', undefined]);
  });

  it('merges challenges of one HTTP scheme', async () => {
    const guard = createGuard({
      authenticators: [tokenAuthenticator(() => invalid, 'one'), tokenAuthenticator(() => invalid, 'two')],
      policy,
    });
    const { outcome } = await refusal(guard.check(requestOf(), authenticated));
    expect(parseChallenges(headerOf(outcome, 'www-authenticate') ?? '')).toHaveLength(1);
  });

  it(`answers problem+json whose status is the HTTP status, not to be cached ${requirement('C17', 'C18')}`, async () => {
    const { outcome } = await refusal(guardWith().check(requestOf(), authenticated));
    expect(headerOf(outcome, 'content-type')).toBe('application/problem+json');
    expect(headerOf(outcome, 'cache-control')).toBe('no-store');
    expect(JSON.parse(outcome.body)).toMatchObject({
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      code: 'credential_missing',
    });
  });

  it('turns a thrown PermissionDenied into the same answer as its own denial', async () => {
    const guard = guardWith();
    const own = await refusal(
      guard.check(bearer('user-grace'), { kind: 'permission', permission: 'posts:delete' }, () => post),
    );
    const { auth } = await admission(guard.check(bearer('user-grace'), authenticated));
    try {
      auth?.demand('posts:delete', post);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(PermissionDenied);
      expect(guard.outcomeOf(error)).toEqual(own.outcome);
    }
  });

  it('turns a storage outage into a 503, and leaves misuse and foreign errors to the framework', () => {
    const guard = guardWith();
    expect(guard.outcomeOf(new StorageUnavailableError())?.status).toBe(503);
    expect(guard.outcomeOf(new CoreError('guard_missing'))).toBeUndefined();
    expect(guard.outcomeOf(new Error('x'))).toBeUndefined();
    expect(guard.outcomeOf('x')).toBeUndefined();
  });

  it(`answers a route without a requirement with 403 and an event that names it ${requirement('C1')}`, () => {
    const guard = guardWith();
    const events = record(guard);
    expect(guard.refuseClosed('GET', '/forgotten')).toMatchObject({ status: 403, problem: { code: 'route_closed' } });
    expect(events).toMatchObject([{ type: 'route.closed', method: 'GET', path: '/forgotten' }]);
  });
});

describe('createGuard: events', () => {
  it(`reports success and failure with method, path and UTC time ${requirement('C24')}`, async () => {
    const guard = guardWith({ clock: () => Date.UTC(2026, 0, 2) });
    const events = record(guard);
    await guard.check(bearer('user-ada'), authenticated);
    await guard.check(bearer('junk'), authenticated);
    expect(events).toMatchObject([
      {
        type: 'authentication.succeeded',
        scheme: 'token',
        principalId: 'ada',
        method: 'GET',
        path: '/',
        time: '2026-01-02T00:00:00.000Z',
      },
      { type: 'authentication.rejected', scheme: 'token', code: 'invalid_token', time: '2026-01-02T00:00:00.000Z' },
    ]);
  });

  it(`reports denials, and grants to whoever listens ${requirement('C25')}`, async () => {
    const guard = guardWith();
    const events = record(guard);
    await guard.check(bearer('user-rex'), { kind: 'permission', permission: 'posts:create' });
    await guard.check(bearer('user-ada'), { kind: 'permission', permission: 'posts:create' });
    expect(events.filter(({ type }) => type.startsWith('authorization'))).toMatchObject([
      { type: 'authorization.denied', principalId: 'rex', permission: 'posts:create', verdict: 'role' },
      { type: 'authorization.granted', principalId: 'ada', permission: 'posts:create' },
    ]);
  });

  it(`holds no credential and no query ${requirement('C26', 'C19')}`, async () => {
    const guard = guardWith({
      token: (token) => (token === 'canary-throws' ? Promise.reject(new Error(token)) : invalid),
    });
    const events = record(guard);
    const outcomes: string[] = [];
    for (const token of ['canary-bad', 'canary-throws']) {
      const request = requestOf([['Authorization', `Bearer ${token}`]], { url: '/a?q=canary-query' });
      outcomes.push(JSON.stringify((await refusal(guard.check(request, authenticated))).outcome));
    }
    expect(JSON.stringify(events) + outcomes.join()).not.toContain('canary');
    expect(events).toHaveLength(2);
  });
});

describe('createGuard: auth.signal', () => {
  it('fires when the credential expires', async () => {
    vi.useFakeTimers({ now: 0 });
    try {
      const guard = guardWith({ token: () => asUser('ada', { expiresAt: 3_000_000_000 }) });
      const { auth } = await admission(guard.check(bearer('x'), authenticated));
      const signal = auth?.signal;
      expect(signal).toBe(auth?.signal);
      await vi.advanceTimersByTimeAsync(2_999_999_999);
      expect(signal?.aborted).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(signal?.aborted).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it('fires when the credential is revoked, and lets go when the exchange is over', async () => {
    const listeners = new Set<() => void>();
    const onRevoked = (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    };
    const guard = guardWith({ token: () => asUser('ada', {}, { onRevoked }) });
    const { auth } = await admission(guard.check(bearer('x'), authenticated));
    expect(listeners.size).toBe(0);
    const signal = auth?.signal;
    for (const listener of listeners) listener();
    expect([signal?.aborted, listeners.size]).toEqual([true, 0]);

    let close = () => {};
    const request = {
      ...bearer('x'),
      onClose: (listener: () => void) => {
        close = listener;
      },
    };
    const second = await admission(guard.check(request, authenticated));
    expect([second.auth?.signal.aborted, listeners.size]).toEqual([false, 1]);
    close();
    expect(listeners.size).toBe(0);
  });
});

describe('createGuard: misuse', () => {
  const authenticators = [tokenAuthenticator(() => invalid)] as const;

  it('names the option and the mend at start-up', () => {
    expect(() => createGuard({ authenticators: [], policy })).toThrow(/authenticators: give at least one/);
    expect(() => createGuard({ authenticators: [...authenticators, ...authenticators], policy })).toThrow(
      /same scheme/,
    );
    expect(() => createGuard({ authenticators, policy, timeout: 0 })).toThrow(/timeout/);
    expect(() => cachedRoles(() => [], { ttl: -1 })).toThrow(/cachedRoles\.ttl/);
    expect(() => cachedRoles(() => [], { ttl: 1, max: 1 })).toThrow(/cachedRoles\.max/);
    expect(() =>
      createGuard({ authenticators: [{ ...authenticators[0], challenge: () => undefined }], policy }),
    ).toThrow(/challenge/);
  });

  it('validates what a route asks', () => {
    const guard = guardWith();
    const permission = (name: string) => ({ kind: 'permission', permission: name }) as const;
    expect(() => guard.validate(permission('posts:raed'), false)).toThrow(/not in the policy/);
    expect(() => guard.validate(permission('posts:*'), false)).toThrow(/wildcards/);
    expect(() => guard.validate(permission('posts:delete'), false)).toThrow(/loader/);
    expect(() => guard.validate({ kind: 'permission', permission: { anyOf: ['posts:delete'] } }, true)).toThrow(
      /has a rule/,
    );
    expect(() => guard.validate({ kind: 'permission', permission: { anyOf: [] } }, false)).toThrow(/empty/);
    expect(() => guard.validate({ kind: 'authenticated', schemes: ['jwt'] }, false)).toThrow(/schemes/);
    expect(() => guard.validate({ kind: 'authenticated', maxAge: -1 }, false)).toThrow(/maxAge/);
    expect(() => guard.validate(permission('posts:delete'), true)).not.toThrow();
  });

  it('says at start-up which routes are not closed', () => {
    const guard = guardWith();
    const routes = [
      { method: 'GET', path: '/a', state: 'closed' },
      { method: '*', path: 'static', state: 'opaque' },
    ] as const;
    expect(() => guard.assertClosed(routes)).toThrow(/GET \/a states no requirement.*static cannot be looked into/);
    expect(() => guard.assertClosed(routes.slice(1), ['static'])).not.toThrow();
    expect(() => guard.assertClosed([], ['gone'])).toThrow(/"gone" is acknowledged/);
  });
});
