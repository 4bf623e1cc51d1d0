import { createMemoryStorage } from '@portcullis/core';
import { describe, expect, it } from 'vitest';
import { createSealedSessions, createSessions, type SessionsOptions } from '../../src/index.js';
import { browser, type Cart, origin, whoIs, world } from '../browser.js';

const cast = (value: unknown) => value as never;
const sealed = (over: object = {}) =>
  createSealedSessions<Cart>({
    csrf: { origins: [origin] },
    keys: { current: 'a', keys: { a: Uint8Array.from({ length: 32 }, (_, i) => i) } },
    ...over,
  });

describe('createSessions: callers without types', () => {
  it("ends nobody's session when the owner to compare with is undefined", async () => {
    const { sessions } = world();
    const ada = browser();
    const { id } = await sessions.signIn(ada.exchange(), { user: 'ada' });
    for (const user of [undefined, null, '', 7]) {
      await expect(sessions.revoke(id, cast({ user })), String(user)).rejects.toThrow(/user: name whose session/);
    }
    expect(await whoIs(sessions, ada.request())).toBe('ada');
    expect(await sessions.revoke(id, { user: 'rex' })).toBe(false);
    expect(await sessions.revoke(id)).toBe(true);
  });

  it('does not answer 0 to an end of all sessions of nobody', async () => {
    const { sessions } = world();
    for (const user of [undefined, null, '', 7])
      await expect(sessions.revokeAll(cast(user))).rejects.toThrow(/user: name whose sessions/);
  });

  it.each([
    [{ user: undefined }, /signIn\.user/],
    [{ user: '' }, /signIn\.user/],
    [{ user: 'ada', authenticatedAt: new Date() }, /signIn\.authenticatedAt/],
    [{ user: 'ada', authenticatedAt: -1 }, /signIn\.authenticatedAt/],
    [{ user: 'ada', authenticatedAt: Number.NaN }, /signIn\.authenticatedAt/],
    [{ user: 7 }, /signIn\.user/],
    [{ user: 'ada', tenant: null }, /signIn\.tenant/],
    [{ user: 'ada', tenant: '' }, /signIn\.tenant/],
    [{ user: 'ada', remember: 'false' }, /signIn\.remember/],
    [{ user: 'ada', acr: ['mfa'] }, /signIn\.acr/],
    [{ user: 'ada', amr: 'otp' }, /signIn\.amr/],
    [{ user: 'ada', amr: ['pwd', 7] }, /signIn\.amr/],
    [{ user: 'ada', startedAt: Number.NaN }, /signIn\.startedAt/],
  ])('refuses a sign-in of %j, stored or sealed, and sets no cookie', async (input, message) => {
    const ada = browser();
    await expect(world().sessions.signIn(ada.exchange(), cast(input))).rejects.toThrow(message);
    await expect(sealed().signIn(ada.exchange(), cast(input))).rejects.toThrow(message);
    expect(ada.setCookies).toEqual([]);
  });

  it('takes no startedAt to come for after every end of all sessions', async () => {
    const { sessions, clock } = world();
    await sessions.revokeAll('ada');
    await expect(
      sessions.signIn(browser().exchange(), { user: 'ada', startedAt: clock() + 60_000 }),
    ).rejects.toMatchObject({ code: 'session_user_revoked' });
  });

  it('does not replace a mapping that named nobody by the default', async () => {
    for (const sessions of [world().sessions, sealed()]) {
      const ada = browser();
      await sessions.signIn(ada.exchange(), { user: 'ada' });
      const authenticator = sessions.authenticator({ principal: () => cast(undefined) });
      expect(await authenticator.authenticate(ada.request())).toMatchObject({ principal: undefined });
    }
  });

  it('refuses a change that returns nothing, or a promise, and keeps the data', async () => {
    const { sessions } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada', data: { count: 1 } });
    for (const change of [() => undefined, async () => ({ count: 2 })]) {
      await expect(sessions.update(ada.request(), cast(change))).rejects.toThrow(/return the new data/);
    }
    expect((await sessions.read(ada.request()))?.data).toEqual({ count: 1 });
  });

  it('refuses a sealed notBefore that compares as nothing', async () => {
    for (const answer of ['2026-01-01', new Date(8e15), Number.NaN]) {
      const sessions = sealed({ notBefore: () => answer });
      const ada = browser();
      await sessions.signIn(ada.exchange(), { user: 'ada' }).catch(() => undefined);
      await expect(sessions.read(ada.request())).rejects.toThrow(/notBefore: answer absolute milliseconds/);
    }
    const never = sealed({ notBefore: () => null });
    const ada = browser();
    await never.signIn(ada.exchange(), { user: 'ada' });
    expect(await never.read(ada.request())).toMatchObject({ user: 'ada' });
  });

  it.each<[object, RegExp]>([
    [{ storage: undefined }, /storage: give a storage/],
    [{ csrf: {} }, /csrf: give \{ origins/],
    [{ csrf: { origins: origin } }, /csrf: give \{ origins/],
    [{ csrf: { origins: ['app.example.org'] } }, /is not an origin/],
    [{ csrf: { origins: [origin], key: 'x'.repeat(43) } }, /csrf\.key: give bytes/],
    [{ csrf: { origins: [origin], exempt: '/hooks' } }, /csrf\.exempt: give an array/],
    [{ csrf: { origins: [origin], exempt: ['/hooks/*'] } }, /csrf\.exempt: name whole paths/],
    [{ csrf: { origins: [origin], jsonOnly: ['/api/*/posts'] } }, /csrf\.jsonOnly: only the last/],
    [{ initialData: {} }, /initialData: give a function/],
    [{ isActive: true }, /isActive: give a function/],
    [{ schema: null }, /schema: give a Standard Schema/],
    [{ schema: {} }, /schema: give a Standard Schema/],
    [{ touchInterval: 400_000, remember: { idleTimeout: 60_000, absoluteTimeout: 60_000 } }, /touchInterval/],
  ])('says what is wrong with %j and how to mend it', (over, message) => {
    const options = { storage: createMemoryStorage(), csrf: { origins: [origin] }, ...over };
    expect(() => createSessions(options as unknown as SessionsOptions<Cart>)).toThrow(message);
  });

  it('gives up on a generator that repeats itself, instead of trying for ever', async () => {
    const { sessions } = world({ random: (count) => new Uint8Array(count).fill(7) });
    await sessions.signIn(browser().exchange(), { user: 'ada' });
    await expect(sessions.signIn(browser().exchange(), { user: 'rex' })).rejects.toThrow(/random/);
  });
});
