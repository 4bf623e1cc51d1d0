import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createSealedSessions, type SealedSessionsOptions } from '../src/index.js';
import { browser, type Cart, origin } from './browser.js';

const key = (fill: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (i * 11 + fill) & 255);

function sealed(over: Partial<SealedSessionsOptions<Cart>> = {}) {
  const clock = fakeClock();
  const keys = { current: 'a', keys: { a: key(1) } };
  return { clock, sessions: createSealedSessions<Cart>({ keys, clock, csrf: { origins: [origin] }, ...over }) };
}

describe('createSealedSessions', () => {
  it(`keeps the session in the cookie, encrypted, and says in its type that it cannot be ended ${requirement('S22')}`, async () => {
    const { sessions } = sealed();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada@example.org', data: { count: 7 } });
    expect(ada.value()).toMatch(/^a\.[\w-]{16}\.[\w-]+$/);
    expect(Buffer.from((ada.value() as string).split('.')[2] as string, 'base64url').toString('latin1')).not.toContain(
      'ada',
    );
    expect(await sessions.read(ada.request())).toMatchObject({ user: 'ada@example.org', data: { count: 7 } });
    expect(sessions.revocable).toBe(false);
    const copy = ada.copy();
    await sessions.signOut(ada.exchange());
    expect(ada.value()).toBeUndefined();
    expect(await sessions.read(copy.request())).toBeDefined();
  });

  it('refuses a changed cookie, one of another key, and two of them', async () => {
    const { sessions } = sealed();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    const value = ada.value() as string;
    for (let at = 0; at < value.length; at += 7) {
      const changed = `${value.slice(0, at)}${value[at] === 'A' ? 'B' : 'A'}${value.slice(at + 1)}`;
      expect(await sessions.read(ada.request({ cookies: [`__Host-sid=${changed}`] }))).toBeUndefined();
    }
    expect(await sessions.read(ada.request({ cookies: [`__Host-sid=${value}; __Host-sid=${value}`] }))).toBeUndefined();
    const other = sealed({ keys: { current: 'a', keys: { a: key(2) } } });
    expect(await other.sessions.read(ada.request())).toBeUndefined();
  });

  it(`ends by idle and absolute timeout, and writes a new cookie as it is used ${requirement('S7', 'S8', 'S10')}`, async () => {
    const { sessions, clock } = sealed({ idleTimeout: 600_000, absoluteTimeout: 1_500_000, touchInterval: 60_000 });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    const authenticate = async () => {
      const result = await sessions.authenticator().authenticate(ada.request());
      if (result.outcome !== 'authenticated') return result.outcome;
      for (const [name, value] of result.headers ?? [])
        if (name === 'set-cookie') ada.jar.set('__Host-sid', value.split(/[=;]/)[1] as string);
      return (result.headers ?? []).filter(([name]) => name === 'set-cookie').length;
    };
    clock.advance(59_999);
    expect(await authenticate()).toBe(0);
    clock.advance(500_000);
    expect(await authenticate()).toBe(1);
    clock.advance(599_999);
    expect(await authenticate()).toBe(1);
    clock.advance(400_000);
    expect(await authenticate()).toBe('absent');
  });

  it('seals anew under the current key, and drops what an old key sealed when that is gone', async () => {
    const first = sealed();
    const ada = browser();
    await first.sessions.signIn(ada.exchange(), { user: 'ada' });
    const both = sealed({ keys: { current: 'b', keys: { a: key(1), b: key(2) } } });
    const result = await both.sessions.authenticator().authenticate(ada.request());
    expect(result).toMatchObject({
      outcome: 'authenticated',
      headers: expect.arrayContaining([['set-cookie', expect.stringContaining('__Host-sid=b.')]]),
    });
    expect(await sealed({ keys: { current: 'b', keys: { b: key(2) } } }).sessions.read(ada.request())).toBeUndefined();
  });

  it("ends all of a user's sessions by not-before, and is unavailable when that cannot be asked", async () => {
    const fence: { from?: number } = {};
    const { sessions, clock } = sealed({ notBefore: () => fence.from });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    expect(await sessions.read(ada.request())).toBeDefined();
    fence.from = clock();
    expect(await sessions.read(ada.request())).toBeUndefined();
    const down = sealed({ notBefore: () => Promise.reject(new Error('down')) });
    await expect(down.sessions.authenticator().authenticate(ada.request())).rejects.toThrow('down');
  });

  it(`says clearly when the data does not fit a cookie ${requirement('S16')}`, async () => {
    const { sessions } = sealed();
    const exchange = browser().exchange();
    await expect(sessions.signIn(exchange, { user: 'ada', data: { items: ['x'.repeat(4000)] } })).rejects.toThrow(
      /4096 bytes/,
    );
  });

  it('is protected from other sites like any session', async () => {
    const { sessions } = sealed();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    const cross = { headers: { 'sec-fetch-site': 'cross-site' } };
    expect((await sessions.authenticator().authenticate(ada.request(cross))).outcome).toBe('rejected');
    await expect(sessions.signIn(ada.exchange(cross), { user: 'rex' })).rejects.toMatchObject({
      code: 'session_cross_site',
    });
  });

  it('updates its data', async () => {
    const { sessions } = sealed();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    await sessions.update(ada.exchange(), () => ({ count: 1 }));
    expect((await sessions.read(ada.request()))?.data).toEqual({ count: 1 });
    await expect(sessions.update(browser().exchange(), () => ({}))).rejects.toMatchObject({ code: 'session_missing' });
  });
});
