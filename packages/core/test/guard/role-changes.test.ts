import { cachedRoles } from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { asUser, bearer, guardWith, headerOf, requestOf } from './harness.js';

const remove = { kind: 'permission', permission: 'posts:create' } as const;

describe('createGuard: a role change', () => {
  it(`applies on the next request, also to a long-lived token ${requirement('C6')}`, async () => {
    const held: { roles: readonly ('author' | 'reader')[] } = { roles: ['author'] };
    const guard = guardWith({
      token: (token) => asUser(token, { expiresAt: Number.MAX_SAFE_INTEGER }),
      roles: () => held.roles,
    });
    expect((await guard.check(bearer('ada'), remove)).allowed).toBe(true);
    held.roles = ['reader'];
    expect(await guard.check(bearer('ada'), remove)).toMatchObject({ denial: { code: 'permission_denied' } });
  });

  it(`applies after the ttl of cachedRoles at the latest where it is used ${requirement('C6')}`, async () => {
    const held: { now: number; roles: readonly ('author' | 'reader')[] } = { now: 1, roles: ['author'] };
    const guard = guardWith({
      token: (token) => asUser(token),
      roles: cachedRoles(() => held.roles, { ttl: 1_000, clock: () => held.now }),
    });
    expect((await guard.check(bearer('ada'), remove)).allowed).toBe(true);
    held.roles = ['reader'];
    held.now += 999;
    expect((await guard.check(bearer('ada'), remove)).allowed).toBe(true);
    held.now += 1;
    expect((await guard.check(bearer('ada'), remove)).allowed).toBe(false);
  });
});

describe('createGuard: cross-origin answers', () => {
  it('carry no CORS field of their own, whatever the Origin: only your CORS middleware allows anybody', async () => {
    const guard = guardWith();
    for (const origin of ['https://evil.example', 'null', '*']) {
      for (const authorization of ['Bearer bad', 'Bearer user-rex', 'Bearer']) {
        const request = requestOf([
          ['Origin', origin],
          ['Authorization', authorization],
        ]);
        const decision = await guard.check(request, { kind: 'permission', permission: 'keys:manage' });
        if (decision.allowed) throw new Error('It was allowed.');
        for (const name of ['access-control-allow-origin', 'access-control-allow-credentials'])
          expect(headerOf(decision.outcome, name)).toBeUndefined();
      }
    }
  });
});
