import { afterEach, describe, expect, it, vi } from 'vitest';
import { CoreError, coreErrors, createGuard, StorageUnavailableError } from '../../src/index.js';
import { asUser, bearer, guardWith, invalid, policy, record, requestOf, tokenAuthenticator } from './harness.js';

const authenticated = { kind: 'authenticated' } as const;
const create = { kind: 'permission', permission: 'posts:create' } as const;
const stamp = { at: 7, time: '1970-01-01T00:00:00.007Z' };
const request = { method: 'GET', path: '/', ip: '192.0.2.1' };
const clock = () => 7;

afterEach(() => {
  vi.restoreAllMocks();
});

describe('createGuard: what events say', () => {
  it('who called, with which credential, on whose behalf, and nothing more', async () => {
    const guard = guardWith({
      clock,
      token: () => ({
        ...asUser('ada', { scopes: ['posts:create'] }),
        principal: { kind: 'user', id: 'ada', tenant: 't' },
        actor: { kind: 'user', id: 'root' },
      }),
    });
    const events = record(guard);
    await guard.check(requestOf([['Authorization', 'Bearer x']], { url: '/a?q=1#f' }), create);
    const caller = {
      ...stamp,
      ...request,
      path: '/a',
      scheme: 'token',
      credentialId: 'credential-of-ada',
      principalKind: 'user',
      principalId: 'ada',
      tenant: 't',
      actorId: 'root',
    };
    expect(events).toEqual([
      { type: 'authentication.succeeded', ...caller },
      { type: 'authorization.granted', ...caller, permission: 'posts:create' },
    ]);
  });

  it('which permission was denied, and by which check', async () => {
    const guard = guardWith({ clock });
    const events = record(guard);
    await guard.check(bearer('user-rex'), create);
    expect(events.at(-1)).toEqual({
      type: 'authorization.denied',
      ...stamp,
      ...request,
      scheme: 'token',
      credentialId: 'credential-of-rex',
      principalKind: 'user',
      principalId: 'rex',
      tenant: undefined,
      actorId: undefined,
      permission: 'posts:create',
      verdict: 'role',
      code: 'permission_denied',
    });
  });

  it('why a credential was refused or could not be checked: a class or a code, never a message', async () => {
    const cases: readonly (readonly [() => never, string])[] = [
      [
        () => {
          throw new StorageUnavailableError('password=x');
        },
        'storage_unavailable',
      ],
      [
        () => {
          throw new RangeError('password=x');
        },
        'RangeError',
      ],
      [
        () => {
          throw 'password=x' as unknown;
        },
        'string',
      ],
    ];
    for (const [token, reason] of cases) {
      const guard = guardWith({ clock, token });
      const events = record(guard);
      await guard.check(bearer('x'), authenticated);
      expect(events).toEqual([{ type: 'authentication.unavailable', ...stamp, ...request, scheme: 'token', reason }]);
    }
    const guard = guardWith({ clock, token: () => invalid });
    const events = record(guard);
    await guard.check(bearer('x'), authenticated);
    await guard.check(requestOf(), authenticated);
    expect(events).toEqual([
      {
        type: 'authentication.rejected',
        ...stamp,
        ...request,
        scheme: 'token',
        code: 'invalid_token',
        detail: undefined,
      },
      {
        type: 'authentication.rejected',
        ...stamp,
        ...request,
        scheme: undefined,
        code: 'credential_missing',
        detail: 'A credential is required.',
      },
    ]);
  });
});

describe('createGuard: an error that nobody takes', () => {
  const broken = (error: unknown) =>
    createGuard({
      authenticators: [
        tokenAuthenticator(() => {
          throw error;
        }),
      ],
      policy,
    });

  it('is printed where it is a bug, and not where it is an outage', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const bug = new TypeError('undefined is not a function');
    await broken(bug).check(bearer('x'), authenticated);
    expect(print.mock.calls).toEqual([[bug]]);
    await broken(new StorageUnavailableError()).check(bearer('x'), authenticated);
    await broken(undefined).check(bearer('x'), authenticated);
    expect(print).toHaveBeenCalledTimes(1);
  });
});

describe('createGuard: bounds of its options', () => {
  const authenticators = [tokenAuthenticator(() => invalid)] as const;
  const make = (options: object) => () => createGuard({ authenticators, policy, ...options } as never);

  it.each([
    [{ timeout: 1 }, { timeout: 0.5 }],
    [{ timeout: 60_000 }, { timeout: 60_001 }],
    [{ timeout: 5_000 }, { timeout: Number.NaN }],
    [
      { roles: () => [], rolesCache: { ttl: 1 } },
      { roles: () => [], rolesCache: { ttl: 0 } },
    ],
    [
      { roles: () => [], rolesCache: { ttl: 1 } },
      { roles: () => [], rolesCache: { ttl: Infinity } },
    ],
    [
      { roles: () => [], rolesCache: { ttl: 1, max: 2 } },
      { roles: () => [], rolesCache: { ttl: 1, max: 1 } },
    ],
    [
      { roles: () => [], rolesCache: { ttl: 1, max: 3 } },
      { roles: () => [], rolesCache: { ttl: 1, max: 2.5 } },
    ],
  ])('takes %j and refuses %j', (last, first) => {
    expect(make(last)).not.toThrow();
    expect(make(first)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });
});

describe('createGuard: rolesCache', () => {
  it('knows principals apart by kind, tenant and id, and no more of them than it may', async () => {
    const asked: string[] = [];
    const guard = guardWith({
      clock,
      token: (text) => {
        const [id = '', tenant] = text.split('@');
        return { ...asUser(id), principal: { kind: 'user', id, tenant } };
      },
      roles: ({ id, tenant }) => {
        asked.push(`${id}@${tenant ?? ''}`);
        return ['author'];
      },
      rolesCache: { ttl: 1000, max: 4 },
    });
    const check = (text: string) => guard.check(bearer(text), create);
    for (const text of ['ada', 'ada', 'ada@t', 'ada@t', 'rex', 'rex']) await check(text);
    expect(asked).toEqual(['ada@', 'ada@t', 'rex@']);
    // Two generations of two: the first is dropped when the third is full.
    for (const text of ['grace', 'joan', 'ada']) await check(text);
    expect(asked.slice(3)).toEqual(['grace@', 'joan@', 'ada@']);
  });

  it('takes no forgotten return for "no roles"', async () => {
    for (const roles of [() => undefined as never, async () => ({}) as never]) {
      expect(await guardWith({ roles }).check(bearer('user-ada'), create)).toMatchObject({
        denial: { code: 'unavailable' },
      });
    }
  });
});

describe('coreErrors', () => {
  it('answers each code with its status, and asks to be sent again only what may do then', () => {
    const rows = Object.entries(coreErrors).map(([code, { status, retryable }]) => {
      const error = new CoreError(code as keyof typeof coreErrors);
      expect(error).toMatchObject({ code, status, message: code });
      return [code, status, retryable];
    });
    expect(rows).toEqual([
      ['credential_missing', 401, false],
      ['invalid_token', 401, false],
      ['invalid_request', 400, false],
      ['scheme_not_accepted', 401, false],
      ['insufficient_user_authentication', 401, false],
      ['insufficient_scope', 403, false],
      ['permission_denied', 403, false],
      ['csrf_rejected', 403, false],
      ['route_closed', 403, false],
      ['not_found', 404, false],
      ['rate_limited', 429, true],
      ['unavailable', 503, true],
      ['invalid_option', 500, false],
      ['guard_missing', 500, false],
      ['response_sent', 500, false],
      ['routes_open', 500, false],
      ['invalid_record', 500, false],
      ['invalid_cursor', 400, false],
      ['storage_unavailable', 503, true],
      ['storage_full', 503, true],
      ['storage_conflict', 503, true],
      ['lease_lost', 503, true],
    ]);
  });
});
