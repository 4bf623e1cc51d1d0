import { describe, expect, it } from 'vitest';
import { describeRequirement, routeEntry } from '../../src/index.js';
import { guardWith } from './harness.js';

describe('routeEntry', () => {
  it('says of a route how it is guarded, in words', () => {
    expect(routeEntry('GET', '/a', undefined)).toEqual({ method: 'GET', path: '/a', state: 'closed' });
    expect(routeEntry('GET', '/a', { kind: 'open' })).toEqual({
      method: 'GET',
      path: '/a',
      state: 'open',
      requirement: 'open',
    });
    for (const [requirement, words] of [
      [{ kind: 'optional' }, 'optional'],
      [{ kind: 'authenticated' }, 'authenticated'],
      [{ kind: 'permission', permission: 'a' }, 'a'],
      [{ kind: 'permission', permission: { anyOf: ['a', { allOf: ['b', 'c'] }] } }, 'anyOf(a, allOf(b, c))'],
    ] as const) {
      expect(describeRequirement(requirement)).toBe(words);
      expect(routeEntry('*', '/', requirement)).toMatchObject({ state: 'guarded', requirement: words });
    }
  });
});

describe('assertClosed', () => {
  const guard = guardWith();
  const opaque = (path: string) => ({ method: '*', path, state: 'opaque' }) as const;

  it('lets through what is guarded, open or acknowledged by its name', () => {
    const routes = [routeEntry('GET', '/a', { kind: 'open' }), routeEntry('GET', '/b', { kind: 'authenticated' })];
    expect(() => guard.assertClosed([...routes, opaque('static')], ['static'])).not.toThrow();
    expect(() => guard.assertClosed([])).not.toThrow();
  });

  it('names every fault at once', () => {
    const routes = [routeEntry('GET', '/a', undefined), opaque('static'), routeEntry('PUT', '/b', undefined)];
    expect(() => guard.assertClosed(routes, ['old', '/a'])).toThrow(
      expect.objectContaining({
        code: 'routes_open',
        message:
          'The application is not closed: GET /a states no requirement; * static cannot be looked into; acknowledge it by that name if it may answer; PUT /b states no requirement; "old" is acknowledged but no opaque route has that name; "/a" is acknowledged but no opaque route has that name.',
      }),
    );
  });
});

describe('validate', () => {
  const guard = guardWith();
  const problem = (requirement: object, hasLoader = false) => {
    try {
      guard.validate(requirement as never, hasLoader);
      return undefined;
    } catch (error) {
      return (error as Error).message.split(':')[0];
    }
  };

  it('takes every kind of requirement, and each bound', () => {
    for (const requirement of [
      { kind: 'open' },
      { kind: 'optional' },
      { kind: 'authenticated', schemes: ['token', 'session'], maxAge: 0 },
      { kind: 'permission', permission: 'posts:read' },
      { kind: 'permission', permission: { allOf: ['posts:read', { anyOf: ['keys:manage'] }] } },
    ])
      expect(problem(requirement)).toBeUndefined();
    expect(problem({ kind: 'permission', permission: 'posts:delete' }, true)).toBeUndefined();
  });

  it('says of anything else which part is wrong', () => {
    for (const [requirement, option] of [
      [{}, 'kind'],
      [{ kind: 'permited' }, 'kind'],
      [{ kind: 'authenticated', schemes: 'session' }, 'schemes'],
      [{ kind: 'authenticated', schemes: ['session', 'jwt'] }, 'schemes'],
      [{ kind: 'authenticated', maxAge: Number.NaN }, 'maxAge'],
      [{ kind: 'authenticated', maxAge: Infinity }, 'maxAge'],
      [{ kind: 'permission' }, 'permission'],
      [{ kind: 'permission', permission: null }, 'permission'],
      [{ kind: 'permission', permission: 7 }, 'permission'],
      [{ kind: 'permission', permission: ['posts:read'] }, 'permission'],
      [{ kind: 'permission', permission: {} }, 'permission'],
      [{ kind: 'permission', permission: { anyOf: 'posts:read' } }, 'permission'],
      [{ kind: 'permission', permission: { anyOf: ['posts:read', 7] } }, 'permission'],
      [{ kind: 'permission', permission: { allOf: [] } }, 'permission'],
      [{ kind: 'permission', permission: { allOf: ['posts:read', 'posts:delete'] } }, 'permission'],
    ] as const)
      expect(problem(requirement), JSON.stringify(requirement)).toBe(option);
  });
});
