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

  it('ends at the idle timeout to the millisecond, and the absolute one bounds it', async () => {
    const { sessions, clock } = sealed({ idleTimeout: 60_000, absoluteTimeout: 60_000 });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    clock.advance(59_999);
    expect(await sessions.read(ada.request())).toBeDefined();
    clock.advance(1);
    expect(await sessions.read(ada.request())).toBeUndefined();
  });

  it('renews from the touch interval on, and lets no cache keep the new cookie', async () => {
    const { sessions, clock } = sealed({ touchInterval: 60_000 });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    const headers = async () => {
      const result = await sessions.authenticator().authenticate(ada.request({ method: 'GET', headers: {} }));
      return result.outcome === 'authenticated' ? result.headers : result.outcome;
    };
    clock.advance(59_999);
    expect(await headers()).toEqual([]);
    clock.advance(1);
    expect(await headers()).toEqual([
      ['set-cookie', expect.stringContaining('__Host-sid=a.')],
      ['cache-control', 'no-store'],
    ]);
  });

  it('keeps a remembered one for the rest of its time, and no longer', async () => {
    const { sessions, clock } = sealed({ remember: { idleTimeout: 7_200_000, absoluteTimeout: 7_200_000 } });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada', remember: true });
    clock.advance(3_600_000);
    await sessions.update(ada.exchange(), () => ({ count: 1 }));
    expect(ada.setCookies.map((field) => /Max-Age=(\d+)/.exec(field)?.[1])).toEqual(['7200', '3600']);
  });

  it('gives the guard what it needs, and asks a mapping with the whole session', async () => {
    const { sessions, clock } = sealed();
    const ada = browser();
    const signIn = { user: 'ada', tenant: 't1', acr: 'mfa', amr: ['pwd', 'otp'], data: { count: 7 } };
    const { id } = await sessions.signIn(ada.exchange(), signIn);
    const authenticator = sessions.authenticator({
      scheme: 'web',
      principal: ({ user, data }) => ({ kind: 'buyer', id: user, items: data.count }),
    });
    expect(await authenticator.authenticate(ada.request())).toMatchObject({
      principal: { kind: 'buyer', id: 'ada', items: 7 },
      credential: {
        scheme: 'web',
        id,
        issuedAt: clock(),
        expiresAt: clock() + 12 * 3_600_000,
        authenticatedAt: clock(),
        acr: 'mfa',
        amr: ['pwd', 'otp'],
      },
    });
    expect(authenticator.challenge()).toEqual({ scheme: 'Cookie', params: { 'cookie-name': '__Host-sid' } });
  });

  it('can tell the browser to drop what it keeps, when told to', async () => {
    const { sessions } = sealed();
    const ada = browser();
    await sessions.signOut(ada.exchange());
    expect(ada.responseHeaders.map(([name]) => name)).not.toContain('clear-site-data');
    await sessions.signOut(ada.exchange(), { clearSiteData: true });
    expect(ada.responseHeaders).toContainEqual(['clear-site-data', '"cache", "cookies", "storage"']);
  });

  it('takes a token of the session where there is no other evidence', async () => {
    const { sessions } = sealed({ csrf: { origins: [origin], key: key(3) } });
    const ada = browser();
    const session = await sessions.signIn(ada.exchange(), { user: 'ada' });
    const bare = ada.request({ headers: {} });
    expect((await sessions.authenticator().authenticate(bare)).outcome).toBe('rejected');
    const proven = ada.request({ headers: { 'x-csrf-token': sessions.csrfToken(session) } });
    expect((await sessions.authenticator().authenticate(proven)).outcome).toBe('authenticated');
  });

  it('names the setting that is wrong', () => {
    expect(() => sealed({ notBefore: 1_700_000_000_000 as never })).toThrow(/notBefore: give a function/);
    expect(() => sealed({ keys: { current: 'a', keys: { a: new Uint8Array(31) } } })).toThrow(/^keys/);
  });

  it('is no session where no cookie is', async () => {
    const { sessions } = sealed();
    expect(await sessions.read(browser().request())).toBeUndefined();
    expect(await sessions.authenticator().authenticate(browser().request())).toEqual({ outcome: 'absent' });
  });
});
