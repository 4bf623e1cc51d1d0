import { createGuard, type Requirement } from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { asUser, bearer, guardWith, policy, requestOf, tokenAuthenticator } from '../guard/harness.js';

const authenticated = { kind: 'authenticated' } as const;
const cast = (value: unknown) => value as never;

async function statusOf(guard: ReturnType<typeof guardWith>, asked: Requirement = authenticated, token = 'ada') {
  const decision = await guard.check(bearer(token), asked);
  return decision.allowed ? 200 : decision.outcome.status;
}

describe('createGuard: authenticators from JavaScript', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['true', true],
    ['a function', () => asUser('ada')],
    ['no principal', { outcome: 'authenticated', credential: { scheme: 'token', id: 'x' } }],
    ['a principal of null', { outcome: 'authenticated', principal: null, credential: { scheme: 'token', id: 'x' } }],
    ['a numeric id', { ...asUser('ada'), principal: { kind: 'user', id: 7 } }],
    ['no kind', { ...asUser('ada'), principal: { id: 'ada' } }],
    ['no credential', { outcome: 'authenticated', principal: { kind: 'user', id: 'ada' } }],
  ])(`answers 503 to %s, at once and later ${requirement('C2')}`, async (_, answer) => {
    expect(await statusOf(guardWith({ token: () => cast(answer) }))).toBe(503);
    expect(await statusOf(guardWith({ token: () => Promise.resolve(cast(answer)) }))).toBe(503);
  });

  it(`answers 503 when claims or challenge throws ${requirement('C2')}`, async () => {
    let broken = false;
    const fail = (): never => {
      throw new Error('bug');
    };
    const sound = tokenAuthenticator(() => ({ outcome: 'absent' }));
    const guardOf = (over: object) =>
      createGuard({ authenticators: [{ ...sound, ...over }], policy, onError: () => {} });
    expect((await guardOf({ claims: fail }).check(bearer('x'), authenticated)).allowed).toBe(false);
    const guard = guardOf({ challenge: () => (broken ? fail() : sound.challenge()) });
    broken = true;
    expect(await guard.check(requestOf(), authenticated)).toMatchObject({ allowed: false, outcome: { status: 503 } });
  });

  it('grants nothing by roles that are no names', async () => {
    for (const roles of [[7, null, {}, ['admin']], 'admin', { 0: 'admin' }]) {
      const status = await statusOf(guardWith({ token: (token) => asUser(token), roles: () => cast(roles) }), {
        kind: 'permission',
        permission: 'posts:read',
      });
      expect([403, 503]).toContain(status);
    }
  });

  it('opens nothing by a requirement whose kind is forgotten or misspelt', async () => {
    const guard = guardWith({ token: (token) => asUser(token) });
    for (const asked of [{ permission: 'keys:manage' }, { kind: 'Permission', permission: 'keys:manage' }]) {
      expect(await statusOf(guard, cast(asked)), JSON.stringify(asked)).toBe(403);
    }
    for (const asked of [{}, { kind: 'permission' }, { kind: 'authorized' }]) {
      expect(await statusOf(guard, cast(asked)), JSON.stringify(asked)).toBe(503);
    }
  });

  it('takes a maxAge or a time that is no number for unmet', async () => {
    const when = (authenticatedAt: unknown) => guardWith({ token: (t) => asUser(t, cast({ authenticatedAt })) });
    expect(await statusOf(when(0), { ...authenticated, maxAge: Number.NaN })).toBe(401);
    expect(await statusOf(when(Number.NaN), { ...authenticated, maxAge: 60 })).toBe(401);
    expect(await statusOf(when('yesterday'), { ...authenticated, maxAge: 60 })).toBe(401);
  });

  it.each([
    [{ kind: 'admin' }, /kind: use open/],
    [{ kind: 'authenticated', schemes: 'token' }, /schemes: give an array/],
    [{ kind: 'permission', permission: ['posts:read', 'posts:create'] }, /permission: give one permission, anyOf/],
    [{ kind: 'permission', permission: undefined }, /permission: give one permission/],
    [{ kind: 'permission', permission: { anyOf: 'posts:read' } }, /permission: give one permission/],
  ])('says at start-up what is wrong with %j', (asked, message) => {
    expect(() => guardWith().validate(cast(asked), false)).toThrow(message);
  });
});
