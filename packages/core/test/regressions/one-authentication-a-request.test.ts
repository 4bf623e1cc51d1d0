import type { AuthRequest } from '@portcullis/core';
import { fakeClock } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { asUser, bearer, guardWith, invalid, record } from '../guard/harness.js';

const authenticated = { kind: 'authenticated' } as const;
const read = { kind: 'permission', permission: 'posts:read' } as const;

function counting(over: Parameters<typeof asUser>[1] = {}, more: Partial<Parameters<typeof guardWith>[0]> = {}) {
  const asked = { credential: 0, roles: 0 };
  const clock = fakeClock();
  const guard = guardWith({
    clock,
    token: (token) => {
      asked.credential += 1;
      return token === 'bad' ? invalid : asUser(token, over, { headers: [['ratelimit', 'x']] });
    },
    roles: () => {
      asked.roles += 1;
      return ['author'];
    },
    ...more,
  });
  return { asked, clock, guard };
}

describe('createGuard: several requirements on one request', () => {
  it('asks the credential once, and puts its header fields on the response once', async () => {
    const { asked, guard } = counting();
    const events = record(guard);
    const request = bearer('ada');
    const first = await guard.check(request, authenticated);
    const second = await guard.check(request, read);
    expect([first, second]).toMatchObject([
      { allowed: true, headers: [['ratelimit', 'x']] },
      { allowed: true, headers: [] },
    ]);
    expect(asked).toEqual({ credential: 1, roles: 1 });
    expect(events.map(({ type }) => type)).toEqual(['authentication.succeeded', 'authorization.granted']);
  });

  it('still delivers the fields when the first requirement refused', async () => {
    const { asked, guard } = counting();
    const request = bearer('ada');
    expect(await guard.check(request, { kind: 'permission', permission: 'keys:manage' })).toMatchObject({
      allowed: false,
    });
    expect(await guard.check(request, read)).toMatchObject({ allowed: true, headers: [['ratelimit', 'x']] });
    expect(asked.credential).toBe(1);
  });

  it('evaluates each requirement by itself: freshness, schemes, permission', async () => {
    const { guard } = counting({ authenticatedAt: 0 });
    const request = bearer('ada');
    expect(await guard.check(request, authenticated)).toMatchObject({ allowed: true });
    expect(await guard.check(request, { ...authenticated, maxAge: 1 })).toMatchObject({
      denial: { code: 'insufficient_user_authentication' },
    });
    expect(await guard.check(request, { ...authenticated, schemes: ['session'] })).toMatchObject({
      denial: { code: 'scheme_not_accepted' },
    });
    expect(await guard.check(request, { kind: 'permission', permission: 'keys:manage' })).toMatchObject({
      denial: { code: 'permission_denied' },
    });
  });

  it('does not outlive the request, the credential or the timeout', async () => {
    const { asked, clock, guard } = counting({ expiresAt: fakeClock()() + 1_000 }, { timeout: 5_000 });
    const request = bearer('ada');
    await guard.check(request, authenticated);
    await guard.check(bearer('ada'), authenticated);
    expect(asked.credential).toBe(2);
    clock.advance(1_000);
    await guard.check(request, authenticated);
    expect(asked.credential).toBe(3);

    const lasting = counting({}, { timeout: 5_000 });
    const socket = bearer('ada');
    await lasting.guard.check(socket, authenticated);
    lasting.clock.advance(4_999);
    await lasting.guard.check(socket, authenticated);
    expect(lasting.asked.credential).toBe(1);
    lasting.clock.advance(1);
    await lasting.guard.check(socket, authenticated);
    expect(lasting.asked.credential).toBe(2);
  });

  it('remembers no refusal and no outage, and nothing for another guard', async () => {
    const bad = counting();
    const request = bearer('bad');
    await bad.guard.check(request, authenticated);
    await bad.guard.check(request, authenticated);
    expect(bad.asked.credential).toBe(2);

    const good = bearer('ada');
    const other = counting();
    await bad.guard.check(good, authenticated);
    await other.guard.check(good, authenticated);
    expect(other.asked.credential).toBe(1);
  });

  it('works on a frozen request, by asking again', async () => {
    const { asked, guard } = counting();
    const request: AuthRequest = Object.freeze(bearer('ada'));
    expect(await guard.check(request, authenticated)).toMatchObject({ allowed: true });
    expect(await guard.check(request, authenticated)).toMatchObject({ allowed: true });
    expect(asked.credential).toBe(2);
  });
});
