import { createGuard, createMemoryStorage, createPolicy, type Requirement } from '@portcullis/core';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createSessions } from '../src/index.js';
import { browser, type Cart, origin } from './browser.js';

/** A guard over sessions, and what it answers to one browser's request. */
async function signedIn(input: { acr?: string; remember?: boolean; authenticatedAt?: (now: number) => number } = {}) {
  const clock = fakeClock();
  const sessions = createSessions<Cart>({
    storage: createMemoryStorage({ clock }),
    clock,
    csrf: { origins: [origin] },
  });
  const guard = createGuard({
    authenticators: [sessions.authenticator()],
    policy: createPolicy({ permissions: ['email:change'], roles: { user: ['email:change'] } }),
    roles: () => ['user'] as const,
    clock,
  });
  const ada = browser();
  const { authenticatedAt, ...rest } = input;
  await sessions.signIn(ada.exchange(), {
    ...{ user: 'ada', ...rest },
    ...(authenticatedAt && { authenticatedAt: authenticatedAt(clock()) }),
  });
  const answer = async (asked: Requirement) => {
    const decision = await guard.check(ada.request(), asked);
    if (decision.allowed) return { status: 200, challenge: '' };
    const { status, headers } = decision.outcome;
    return { status, challenge: headers.find(([name]) => name === 'www-authenticate')?.[1] ?? '' };
  };
  return { ada, answer, clock, sessions };
}

const change = { kind: 'permission', permission: 'email:change' } as const;

describe('createSessions behind a guard: stepping up', () => {
  it(`demands a full re-authentication before an email or factor change ${requirement('S25', 'C30', 'C28')}`, async () => {
    const { ada, answer, clock, sessions } = await signedIn({ remember: true });
    const fresh = { ...change, maxAge: 300 };
    expect(await answer(fresh)).toMatchObject({ status: 200 });
    clock.advance(300_001);
    const stale = await answer(fresh);
    expect(stale.status).toBe(401);
    expect(stale.challenge).toMatch(/error="insufficient_user_authentication".*max_age="300"/);
    // Being there, a touched session and a new secret are no sign-in.
    expect(await answer(change)).toMatchObject({ status: 200 });
    await sessions.flush();
    await sessions.renew(ada.exchange());
    expect((await answer(fresh)).status).toBe(401);
    await sessions.reauthenticate(ada.exchange());
    expect(await answer(fresh)).toMatchObject({ status: 200 });
  });

  it(`demands a stronger one, and takes a missing class for the weakest ${requirement('C28', 'C29', 'C30')}`, async () => {
    const { ada, answer, sessions } = await signedIn();
    const strong = { ...change, acr: ['mfa', 'hardware'] };
    const weak = await answer(strong);
    expect(weak.status).toBe(401);
    expect(weak.challenge).toContain('acr_values="mfa hardware"');
    await sessions.reauthenticate(ada.exchange(), { acr: 'pwd' });
    expect((await answer(strong)).status).toBe(401);
    await sessions.reauthenticate(ada.exchange(), { acr: 'hardware' });
    expect(await answer(strong)).toMatchObject({ status: 200 });
  });

  it('takes a session that replaces one of another system for as old as that sign-in', async () => {
    const fresh = { ...change, maxAge: 300 };
    const old = await signedIn({ authenticatedAt: (now) => now - 200_000 });
    expect(await old.answer(fresh)).toMatchObject({ status: 200 });
    old.clock.advance(100_001);
    expect((await old.answer(fresh)).status).toBe(401);
    expect(await old.answer(change)).toMatchObject({ status: 200 });

    const unknown = await signedIn({ authenticatedAt: () => 0 });
    expect((await unknown.answer(fresh)).status).toBe(401);
    await unknown.sessions.reauthenticate(unknown.ada.exchange());
    expect(await unknown.answer(fresh)).toMatchObject({ status: 200 });

    const ahead = await signedIn({ authenticatedAt: (now) => now + 1_000_000 });
    ahead.clock.advance(300_001);
    expect((await ahead.answer(fresh)).status).toBe(401);
  });
});
