import { cached, createMemoryStorage, sha256, type Storage, StorageUnavailableError } from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createSessions, describeDevice, sessionCollection } from '../src/index.js';
import { browser, type Cart, origin, whoIs, world } from './browser.js';

const minute = 60_000;
const hour = 60 * minute;

describe('createSessions: the cookie', () => {
  it(`is an opaque id of 128 public and 256 secret bits in a __Host- cookie ${requirement('S1', 'S11', 'S22')}`, async () => {
    const { sessions } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    expect(ada.setCookies).toEqual([
      expect.stringMatching(/^__Host-sid=[\w-]{22}\.[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/),
    ]);
    expect(ada.setCookies[0]).not.toContain('ada');
  });

  it(`comes with no-store ${requirement('S27')}`, async () => {
    const { sessions } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    expect(ada.responseHeaders).toContainEqual(['cache-control', 'no-store']);
  });

  it(`is stored as a hash of its secret ${requirement('S28')}`, async () => {
    const { sessions, storage, events } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    const secret = ada.value()?.split('.')[1] as string;
    const dump = JSON.stringify(
      await storage.collection({ name: 'sessions', indexes: ['user' as never] }).scan({ limit: 10 }),
    );
    expect(dump).toContain(sha256(secret));
    expect(dump + JSON.stringify(events)).not.toContain(secret);
  });

  it('refuses at start-up what a browser would drop, and names the setting', () => {
    const make =
      (cookie: object, origins = [origin]) =>
      () =>
        world({ cookie, csrf: { origins } });
    expect(make({ path: '/app' })).toThrow(/cookie\.path/);
    expect(make({ domain: 'example.org' })).toThrow(/cookie\.domain/);
    expect(make({ dangerouslyAllowHttp: true })).toThrow(/cookie\.secure/);
    expect(make({ name: 'sid', sameSite: 'none', dangerouslyAllowHttp: true })).toThrow(/cookie\.secure/);
    expect(make({ name: 'a b' })).toThrow(/cookie\.name/);
    expect(make({}, ['http://app.example.org'])).toThrow(/browsers drop Secure cookies on http:\/\/app\.example\.org/);
    expect(make({}, ['http://localhost:8080', 'http://app.localhost:8080'])).not.toThrow();
    expect(make({}, ['http://app.localhost.example.org'])).toThrow(/browsers drop/);
    expect(make({ name: 'sid', dangerouslyAllowHttp: true }, ['http://app.example.org'])).not.toThrow();
  });

  it('names other settings out of range', () => {
    expect(() => world({ idleTimeout: 1 })).toThrow(/idleTimeout/);
    expect(() => world({ idleTimeout: 13 * hour })).toThrow(/idleTimeout/);
    expect(() => world({ grace: minute + 1 })).toThrow(/grace/);
    for (const max of [0, 1001, 1.5])
      expect(() => world({ limit: { max, onExceeded: 'refuse' } })).toThrow(/limit\.max/);
    expect(() => world({ limit: { max: 1000, onExceeded: 'refuse' } })).not.toThrow();
    expect(() => world({ limit: { max: 1, onExceeded: 'end_newest' as never } })).toThrow(/limit\.onExceeded/);
    expect(() => world({ touchInterval: 15 * minute })).not.toThrow();
    expect(() => world({ touchInterval: 15 * minute + 1 })).toThrow(/touchInterval/);
    expect(() => world({ csrf: { origins: [origin], exempt: [7 as never] } })).toThrow(/csrf\.exempt: give an array/);
    expect(() => world({ csrf: { origins: [] } })).toThrow(/origins/);
    expect(() => world({ csrf: { origins: [origin], exempt: ['hook'] } })).toThrow(/csrf\.exempt/);
    expect(() => createSessions({ storage: world().storage } as never)).toThrow(/csrf: give/);
  });
});

describe('createSessions: reading', () => {
  it(`never adopts an id that it did not issue ${requirement('S2')}`, async () => {
    const { sessions } = world();
    const mallory = browser(new Map([['__Host-sid', `${'A'.repeat(22)}.${'B'.repeat(43)}`]]));
    expect(await whoIs(sessions, mallory.request())).toBeUndefined();
    await sessions.signIn(mallory.exchange(), { user: 'ada' });
    expect(mallory.value()).not.toContain('AAAA');
    expect(await whoIs(sessions, mallory.request())).toBe('ada');
  });

  it('takes junk for no session, and an outage for an outage', async () => {
    const { sessions } = world();
    for (const value of [
      '',
      'x',
      '.',
      `${'é'.repeat(22)}.${'B'.repeat(43)}`,
      `${'A'.repeat(22)}.${'B'.repeat(44)}`,
      'a'.repeat(5000),
    ]) {
      expect(await whoIs(sessions, browser(new Map([['__Host-sid', value]])).request())).toBeUndefined();
    }
    const { storage } = world();
    const broken = createSessions({
      storage: {
        ...storage,
        collection: (definition) => ({
          ...storage.collection(definition),
          get: () => {
            throw new StorageUnavailableError();
          },
        }),
      },
      csrf: { origins: [origin] },
    });
    const request = browser(new Map([['__Host-sid', `${'A'.repeat(22)}.${'B'.repeat(43)}`]])).request();
    expect(() => broken.authenticator().authenticate(request)).toThrow(StorageUnavailableError);
  });

  it('asks no storage about text that it never wrote', async () => {
    const { storage } = world();
    const asked: string[] = [];
    const sessions = createSessions({
      storage: {
        ...storage,
        collection: (definition) => ({
          ...storage.collection(definition),
          get: (id) => {
            asked.push(id);
            return undefined;
          },
        }),
      },
      csrf: { origins: [origin] },
    });
    const selector = 'A'.repeat(22);
    const secret = 'B'.repeat(43);
    for (const value of [
      `${selector}.${secret}C`,
      `${selector}.${secret.slice(1)}`,
      `${selector}-${secret}`,
      `${selector.slice(1)}=.${secret}`,
      `=${selector.slice(1)}.${secret}`,
      `${selector}.=${secret.slice(1)}`,
      `${selector}.${secret.slice(1)}=`,
    ]) {
      expect(await sessions.read(browser(new Map([['__Host-sid', value]])).request()), value).toBeUndefined();
    }
    expect(asked).toEqual([]);
    await sessions.read(browser(new Map([['__Host-sid', `${selector}.${secret}`]])).request());
    expect(asked).toEqual([selector]);
  });

  it(`takes two session cookies for none ${requirement('S19')}`, async () => {
    const { sessions, events } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    const value = `__Host-sid=${ada.value()}`;
    for (const cookies of [[`${value}; ${value}`], [value, value], [`__Host-sid=x; ${value}`]]) {
      expect(await whoIs(sessions, ada.request({ cookies }))).toBeUndefined();
    }
    expect(events.filter(({ type }) => type === 'session.duplicate_cookie')).toHaveLength(3);
  });

  it(`takes another letter case for another cookie, and merges Cookie fields ${requirement('S20', 'S18')}`, async () => {
    const { sessions } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    expect(await whoIs(sessions, ada.request({ cookies: [`__host-sid=${ada.value()}`] }))).toBeUndefined();
    expect(await whoIs(sessions, ada.request({ cookies: ['theme=dark', `__Host-sid=${ada.value()}`] }))).toBe('ada');
  });

  it(`ignores a session id anywhere but in its cookie ${requirement('S21')}`, async () => {
    const { sessions } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    const value = ada.value() as string;
    for (const over of [
      { url: `/?__Host-sid=${value}`, cookies: [] },
      {
        cookies: [],
        headers: { 'sec-fetch-site': 'same-origin', authorization: `Bearer ${value}`, 'x-session': value },
      },
      { cookies: [`other=${value}`] },
    ]) {
      expect(await whoIs(sessions, ada.request(over))).toBeUndefined();
    }
  });

  it('reports a wrong secret for a live session, without either secret', async () => {
    const { sessions, events } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    const [selector] = (ada.value() as string).split('.');
    expect(
      await whoIs(sessions, ada.request({ cookies: [`__Host-sid=${selector}.${'B'.repeat(43)}`] })),
    ).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ type: 'session.secret_mismatch', sessionId: selector, user: 'ada' });
  });

  it('gives the guard what it needs: credential, freshness and no ceiling', async () => {
    const { sessions, clock } = world();
    const ada = browser();
    const { id } = await sessions.signIn(ada.exchange(), {
      user: 'ada',
      tenant: 't1',
      acr: 'mfa',
      amr: ['pwd', 'otp'],
    });
    const result = await sessions.authenticator().authenticate(ada.request());
    expect(result).toMatchObject({
      outcome: 'authenticated',
      principal: { kind: 'user', id: 'ada', tenant: 't1' },
      credential: {
        scheme: 'session',
        id,
        authenticatedAt: clock(),
        acr: 'mfa',
        amr: ['pwd', 'otp'],
        expiresAt: clock() + 12 * hour,
      },
    });
    expect((result as { credential: object }).credential).not.toHaveProperty('scopes');
    expect(sessions.authenticator().challenge()).toEqual({
      scheme: 'Cookie',
      params: { 'cookie-name': '__Host-sid' },
    });
  });
});

describe('createSessions: timeouts', () => {
  it(`ends without activity, by the server's clock ${requirement('S7', 'S10')}`, async () => {
    const { sessions, clock } = world({ idleTimeout: 30 * minute });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    clock.advance(30 * minute - 1);
    expect(await whoIs(sessions, ada.copy().request())).toBe('ada');
    await sessions.flush();
    clock.advance(30 * minute);
    expect(await whoIs(sessions, ada.request())).toBeUndefined();
  });

  it(`ends however active ${requirement('S8', 'S9')}`, async () => {
    const { sessions, clock } = world({ idleTimeout: 30 * minute, absoluteTimeout: 2 * hour });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    for (let passed = 0; passed < 2 * hour - 20 * minute; passed += 20 * minute) {
      clock.advance(20 * minute);
      expect(await whoIs(sessions, ada.request())).toBe('ada');
      await sessions.flush();
    }
    clock.advance(20 * minute);
    expect(await whoIs(sessions, ada.request())).toBeUndefined();
  });

  it('ends at the absolute timeout by its own clock, also where the storage goes by one that is behind', async () => {
    const { clock } = world();
    const behind = createMemoryStorage({ clock: () => clock() - 24 * hour });
    const sessions = createSessions({ storage: behind, clock, csrf: { origins: [origin] } });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    clock.advance(12 * hour - 1);
    expect(await sessions.read(ada.request())).toMatchObject({ user: 'ada' });
    expect((await sessions.list('ada')).items).toHaveLength(1);
    clock.advance(1);
    expect(await sessions.read(ada.request())).toBeUndefined();
    expect((await sessions.list('ada')).items).toEqual([]);
  });

  it('shortens the idle timeout to an absolute one that is shorter', async () => {
    const { sessions, clock } = world({ absoluteTimeout: 10 * minute });
    const { expiresAt, endsAt } = await sessions.signIn(browser().exchange(), { user: 'ada' });
    expect([expiresAt, endsAt]).toEqual([clock() + 10 * minute, clock() + 10 * minute]);
  });

  it('writes activity at most once a touch interval, and not while the request waits', async () => {
    const { sessions, clock, storage } = world({ idleTimeout: 30 * minute, touchInterval: minute });
    const ada = browser();
    const { id } = await sessions.signIn(ada.exchange(), { user: 'ada' });
    const touchedAt = async () => (await sessions.list('ada')).items[0]?.lastSeenAt;
    const first = await touchedAt();
    clock.advance(minute - 1);
    for (let i = 0; i < 100; i++) await whoIs(sessions, ada.request());
    await sessions.flush();
    expect(await touchedAt()).toBe(first);
    clock.advance(1);
    await whoIs(sessions, ada.request());
    expect(await touchedAt()).toBe(first);
    await sessions.flush();
    expect(await touchedAt()).toBe(clock());
    const written = clock();
    clock.advance(minute - 1);
    await whoIs(sessions, ada.request());
    await sessions.flush();
    expect(await touchedAt()).toBe(written);
    expect(await storage.collection({ name: 'sessions', indexes: ['user' as never] }).get(id)).toBeDefined();
  });

  it(`re-authentication begins both timeouts anew ${requirement('S9')}`, async () => {
    const { sessions, clock } = world({ idleTimeout: 30 * minute, absoluteTimeout: hour });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    clock.advance(29 * minute);
    await sessions.reauthenticate(ada.exchange());
    const info = await sessions.read(ada.request());
    expect([info?.endsAt, info?.expiresAt]).toEqual([clock() + hour, clock() + 30 * minute]);
  });

  it(`remembers within a bound of its own, and a remembered sign-in is no fresh one ${requirement('S30', 'S17')}`, async () => {
    const { sessions, clock } = world({ remember: { idleTimeout: 400 * 24 * hour, absoluteTimeout: 400 * 24 * hour } });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada', remember: true });
    expect(ada.setCookies[0]).toContain('Max-Age=34560000;');
    const signedInAt = clock();
    clock.advance(20 * 24 * hour);
    const result = await sessions.authenticator().authenticate(ada.request());
    expect(result).toMatchObject({ outcome: 'authenticated', credential: { authenticatedAt: signedInAt } });
  });
});

describe('createSessions: a renewal', () => {
  it('keeps a remembered cookie for the rest of its time, or for all of it after a sign-in', async () => {
    const day = 24 * hour;
    const { sessions, clock } = world({ remember: { idleTimeout: day, absoluteTimeout: 2 * day } });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada', remember: true });
    clock.advance(hour);
    await sessions.renew(ada.exchange());
    await sessions.reauthenticate(ada.exchange());
    const ages = ada.setCookies.map((field) => Number(/Max-Age=(\d+)/.exec(field)?.[1]));
    expect(ages).toEqual([48 * 3600, 47 * 3600, 48 * 3600]);
  });

  it('notes the factors that were proved, and the old secret keeps its own', async () => {
    const { sessions } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada', amr: ['pwd'] });
    const before = ada.copy();
    await sessions.reauthenticate(ada.exchange(), { amr: ['pwd', 'otp'] });
    expect((await sessions.read(ada.request()))?.amr).toEqual(['pwd', 'otp']);
    expect((await sessions.read(before.request()))?.amr).toEqual(['pwd']);
    await sessions.reauthenticate(ada.exchange(), { acr: 'mfa' });
    expect(await sessions.read(ada.request())).toMatchObject({ amr: ['pwd', 'otp'], acr: 'mfa' });
  });

  it('of rights alone is no activity: the idle timeout goes by the last one', async () => {
    const { sessions, clock } = world({ idleTimeout: 30 * minute, touchInterval: 10 * minute });
    const ada = browser();
    const { createdAt } = await sessions.signIn(ada.exchange(), { user: 'ada' });
    clock.advance(5 * minute);
    expect((await sessions.renew(ada.exchange())).expiresAt).toBe(createdAt + 30 * minute);
  });

  it('by the old secret in its grace changes the data and leaves the new secret alone', async () => {
    const { sessions, clock } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    const late = ada.copy();
    await sessions.renew(ada.exchange());
    await sessions.renew(late.exchange(), () => ({ count: 1 }));
    expect(late.setCookies).toEqual([]);
    clock.advance(minute);
    expect(await sessions.read(late.request())).toBeUndefined();
    expect((await sessions.read(ada.request()))?.data).toEqual({ count: 1 });
  });

  it('needs a session, also when that ends during the change', async () => {
    const { sessions, storage } = world();
    await expect(sessions.reauthenticate(browser().exchange())).rejects.toMatchObject({ code: 'session_missing' });
    for (const act of ['renew', 'update'] as const) {
      const ada = browser();
      const { id } = await sessions.signIn(ada.exchange(), { user: 'ada' });
      const change = (data: Cart) => {
        void storage.collection(sessionCollection).delete(id);
        return data;
      };
      const changed = act === 'renew' ? sessions.renew(ada.exchange(), change) : sessions.update(ada.request(), change);
      await expect(changed, act).rejects.toMatchObject({ code: 'session_missing' });
    }
    const visitor = browser();
    await sessions.anonymous(visitor.exchange());
    await expect(sessions.revokeOthers(visitor.request())).rejects.toMatchObject({ code: 'session_missing' });
  });
});

describe('createSessions: new ids', () => {
  it(`changes the id at sign-in and ends the one before ${requirement('S3')}`, async () => {
    const { sessions } = world();
    const shared = browser();
    await sessions.anonymous(shared.exchange());
    const fixed = shared.copy();
    await sessions.signIn(shared.exchange(), { user: 'ada' });
    expect(shared.value()).not.toBe(fixed.value());
    expect(await sessions.read(fixed.request())).toBeUndefined();

    const asAda = shared.copy();
    await sessions.signIn(shared.exchange(), { user: 'rex' });
    expect(await whoIs(sessions, asAda.request())).toBeUndefined();
    expect(await whoIs(sessions, shared.request())).toBe('rex');
  });

  it(`changes the secret at re-authentication and privilege change; the old one opens for the grace only ${requirement('S3', 'S29')}`, async () => {
    const { sessions, clock } = world({ grace: 10_000 });
    for (const change of [
      (b: ReturnType<typeof browser>) => sessions.reauthenticate(b.exchange(), { acr: 'mfa' }),
      (b: ReturnType<typeof browser>) => sessions.renew(b.exchange()),
    ]) {
      const ada = browser();
      await sessions.signIn(ada.exchange(), { user: 'ada' });
      const before = ada.copy();
      await change(ada);
      expect(ada.value()).not.toBe(before.value());
      clock.advance(9_999);
      expect(await whoIs(sessions, before.request())).toBe('ada');
      clock.advance(1);
      expect(await whoIs(sessions, before.request())).toBeUndefined();
      expect(await whoIs(sessions, ada.request())).toBe('ada');
    }
  });

  it('gives the old secret nothing of what the renewal brought', async () => {
    const { sessions, clock } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada', acr: 'pwd' });
    const before = ada.copy();
    const signedInAt = clock();
    clock.advance(5_000);
    await sessions.reauthenticate(ada.exchange(), { acr: 'mfa' });
    const old = await sessions.authenticator().authenticate(before.request());
    const fresh = await sessions.authenticator().authenticate(ada.request());
    expect(old).toMatchObject({ credential: { acr: 'pwd', authenticatedAt: signedInAt } });
    expect(fresh).toMatchObject({ credential: { acr: 'mfa', authenticatedAt: clock() } });
  });

  it('lets 20 renewals at once leave one working cookie in the browser', async () => {
    const { sessions, clock } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    await Promise.all(
      Array.from({ length: 20 }, () => sessions.renew(ada.exchange(), (data) => ({ count: (data.count ?? 0) + 1 }))),
    );
    expect(ada.setCookies).toHaveLength(2);
    clock.advance(minute);
    const session = await sessions.read(ada.request());
    expect(session?.data).toEqual({ count: 20 });
  });

  it(`starts nothing by itself: only a sign-in does ${requirement('S31')}`, async () => {
    const { sessions } = world();
    const visitor = browser();
    expect(await whoIs(sessions, visitor.request())).toBeUndefined();
    await sessions.anonymous(visitor.exchange());
    expect(await whoIs(sessions, visitor.request())).toBeUndefined();
    await expect(sessions.reauthenticate(visitor.exchange())).rejects.toMatchObject({
      code: 'session_missing',
      status: 401,
    });
  });
});

describe('createSessions: anonymous sessions', () => {
  it('keep a cart, are kept by a second visit, and hand over what the sign-in carries', async () => {
    const { sessions } = world();
    const visitor = browser();
    const first = await sessions.anonymous(visitor.exchange());
    await sessions.update(visitor.request(), (data) => ({ ...data, items: ['book'] }));
    expect((await sessions.anonymous(visitor.exchange())).id).toBe(first.id);
    const session = await sessions.signIn(visitor.exchange(), {
      user: 'ada',
      carry: (anonymous, fresh) => ({ ...fresh, ...anonymous }),
    });
    expect(session.data).toEqual({ items: ['book'] });
    expect((await sessions.read(visitor.request()))?.data).toEqual({ items: ['book'] });
  });

  it('hand over nothing unless told to', async () => {
    const { sessions } = world();
    const visitor = browser();
    await sessions.anonymous(visitor.exchange());
    await sessions.update(visitor.request(), () => ({ items: ['planted'] }));
    expect((await sessions.signIn(visitor.exchange(), { user: 'ada' })).data).toEqual({});
  });
});

describe('createSessions: a sign-in over an earlier session', () => {
  it("carries nothing out of another user's session", async () => {
    const { sessions } = world();
    const shared = browser();
    await sessions.signIn(shared.exchange(), { user: 'ada', data: { items: ['secret'] } });
    const { data } = await sessions.signIn(shared.exchange(), {
      user: 'rex',
      carry: (earlier, fresh) => ({ ...fresh, ...earlier }),
    });
    expect(data).toEqual({});
    expect((await sessions.list('ada')).items).toEqual([]);
  });

  it('hands an anonymous cart to one of two at once, and both are signed in', async () => {
    const { sessions } = world();
    const visitor = browser();
    await sessions.anonymous(visitor.exchange());
    await sessions.update(visitor.request(), () => ({ items: ['book'] }));
    const carry = (anonymous: Cart) => anonymous;
    const both = await Promise.all(
      [visitor.copy(), visitor.copy()].map((each) => sessions.signIn(each.exchange(), { user: 'ada', carry })),
    );
    expect(both.map(({ data }) => data)).toEqual(expect.arrayContaining([{ items: ['book'] }, {}]));
  });

  it('is undone when all sessions end while the cart is carried', async () => {
    const { sessions, storage } = world();
    const visitor = browser();
    await sessions.anonymous(visitor.exchange());
    const carry = (anonymous: Cart) => {
      void storage.collection(sessionCollection).deleteWhere('user', 'ada');
      return anonymous;
    };
    await expect(sessions.signIn(visitor.exchange(), { user: 'ada', carry })).rejects.toMatchObject({
      code: 'session_user_revoked',
    });
  });

  it('keeps what is stored of a User-Agent short, and does without one', async () => {
    const { sessions, storage } = world();
    for (const [text, kept] of [
      ['x'.repeat(2000), 'x'.repeat(512)],
      [undefined, undefined],
    ]) {
      const exchange = browser().exchange({
        headers: { 'sec-fetch-site': 'same-origin', 'user-agent': text as string },
      });
      const { id } = await sessions.signIn(exchange, { user: 'ada' });
      expect((await storage.collection(sessionCollection).get(id))?.record.userAgent).toBe(kept);
    }
  });

  it('of a visitor without a user ends with the browser', async () => {
    const { sessions, clock } = world();
    const { remembered, endsAt } = await sessions.anonymous(browser().exchange());
    expect([remembered, endsAt]).toEqual([false, clock() + 12 * hour]);
  });
});

describe('createSessions: signing out', () => {
  it(`ends the session on the server and expires the cookie as it was set ${requirement('S4', 'S5')}`, async () => {
    const { sessions } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    const stolen = ada.copy();
    await sessions.signOut(ada.exchange());
    expect(ada.setCookies.at(-1)).toMatch(/^__Host-sid=; Max-Age=0; Path=\/; Secure; HttpOnly; SameSite=Lax; Expires=/);
    expect(ada.value()).toBeUndefined();
    expect(await whoIs(sessions, stolen.request())).toBeUndefined();
  });

  it(`can tell the browser to drop what it keeps ${requirement('S6')}`, async () => {
    const { sessions } = world();
    const ada = browser();
    await sessions.signOut(ada.exchange());
    expect(ada.responseHeaders.map(([name]) => name)).not.toContain('clear-site-data');
    await sessions.signOut(ada.exchange(), { clearSiteData: true });
    expect(ada.responseHeaders).toContainEqual(['clear-site-data', '"cache", "cookies", "storage"']);
  });
});

describe('createSessions: managing', () => {
  it(`lists a user's sessions with device, address and last use, and ends one or the others ${requirement('S23', 'S24')}`, async () => {
    const { sessions, clock } = world();
    const laptop = browser();
    const phone = browser();
    const rex = browser();
    const { id } = await sessions.signIn(laptop.exchange(), { user: 'ada' });
    clock.advance(1000);
    await sessions.signIn(phone.exchange(), { user: 'ada' });
    const other = await sessions.signIn(rex.exchange(), { user: 'rex' });
    const { items } = await sessions.list('ada');
    expect(items).toMatchObject([
      { user: 'ada', device: { browser: 'Firefox', os: 'Linux', kind: 'desktop' }, ip: '192.0.2.7' },
      { id, lastSeenAt: items[1]?.createdAt },
    ]);
    expect(JSON.stringify(items)).not.toContain('Hash');
    expect(await sessions.revoke(other.id, { user: 'ada' })).toBe(false);
    expect(await whoIs(sessions, rex.request())).toBe('rex');
    expect(await sessions.revokeOthers(laptop.request())).toBe(1);
    expect(await whoIs(sessions, phone.request())).toBeUndefined();
    expect(await sessions.revoke(id, { user: 'ada' })).toBe(true);
    expect(await whoIs(sessions, laptop.request())).toBeUndefined();
  });

  it(`ends all of a user's sessions ${requirement('S24', 'D6')}`, async () => {
    const { sessions } = world();
    const browsers = Array.from({ length: 30 }, () => browser());
    for (const each of browsers) await sessions.signIn(each.exchange(), { user: 'ada' });
    expect(await sessions.revokeAll('ada')).toBe(30);
    for (const each of browsers) expect(await whoIs(sessions, each.request())).toBeUndefined();
  });

  it('ends a sign-in that was under way when all sessions were ended', async () => {
    const { sessions, clock } = world();
    const startedAt = clock();
    clock.advance(5);
    await sessions.revokeAll('ada');
    clock.advance(5);
    await expect(sessions.signIn(browser().exchange(), { user: 'ada', startedAt })).rejects.toMatchObject({
      code: 'session_user_revoked',
    });
    expect((await sessions.list('ada')).items).toEqual([]);
    await sessions.signIn(browser().exchange(), { user: 'ada' });
  });

  it('lets no sign-in survive that races the end of all sessions of a disabled user', async () => {
    const active = new Set(['ada']);
    const { sessions } = world({ isActive: (user) => active.has(user) });
    const browsers = Array.from({ length: 60 }, () => browser());
    const signIns = browsers.map(async (each, i) => {
      for (let turn = 0; turn < i; turn++) await Promise.resolve();
      await sessions.signIn(each.exchange(), { user: 'ada' });
    });
    const disable = (async () => {
      for (let turn = 0; turn < 30; turn++) await Promise.resolve();
      active.delete('ada');
      await sessions.revokeAll('ada');
    })();
    const results = await Promise.allSettled([...signIns, disable]);
    expect(results.at(-1)?.status).toBe('fulfilled');
    expect((await sessions.list('ada')).items).toEqual([]);
    for (const each of browsers) expect(await whoIs(sessions, each.request())).toBeUndefined();
  });

  it(`keeps to a limit by refusing, or by ending the oldest ${requirement('S26')}`, async () => {
    const refusing = world({ limit: { max: 2, onExceeded: 'refuse' } });
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => refusing.sessions.signIn(browser().exchange(), { user: 'ada' })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'session_limit' } });
    const kept = await refusing.sessions.list('ada');
    refusing.clock.advance(1);
    await expect(refusing.sessions.signIn(browser().exchange(), { user: 'ada' })).rejects.toMatchObject({
      code: 'session_limit',
    });
    expect(await refusing.sessions.list('ada')).toEqual(kept);

    const ending = world({ limit: { max: 2, onExceeded: 'end_oldest' } });
    const first = browser();
    await ending.sessions.signIn(first.exchange(), { user: 'ada' });
    for (let i = 0; i < 2; i++) {
      ending.clock.advance(1);
      await ending.sessions.signIn(browser().exchange(), { user: 'ada' });
    }
    expect((await ending.sessions.list('ada')).items).toHaveLength(2);
    expect(await whoIs(ending.sessions, first.request())).toBeUndefined();
  });

  it('pages through many sessions, and counts each towards the limit', async () => {
    const { clock, storage: kept } = world();
    const paged = (limit: number): Storage => ({
      ...kept,
      collection(definition) {
        const inner = kept.collection(definition);
        return { ...inner, list: (query) => inner.list({ ...query, limit: Math.min(limit, query.limit) }) };
      },
    });
    const sessions = createSessions<Cart>({
      storage: paged(1),
      clock,
      csrf: { origins: [origin] },
      limit: { max: 2, onExceeded: 'refuse' },
    });
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) {
      ids.unshift((await sessions.signIn(browser().exchange(), { user: 'ada' })).id);
      clock.advance(1);
    }
    await expect(sessions.signIn(browser().exchange(), { user: 'ada' })).rejects.toMatchObject({
      code: 'session_limit',
      status: 403,
    });
    const first = await sessions.list('ada');
    const second = await sessions.list('ada', { cursor: first.cursor as string });
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
  });

  it('refuses a sign-in that a cached fence would let in', async () => {
    const { clock, storage: kept } = world();
    const { bus: _, ...storage } = kept;
    const settings = { clock, csrf: { origins: [origin] } };
    const here = createSessions<Cart>({ storage: cached(storage, { ttl: hour, max: 100, clock }), ...settings });
    const elsewhere = createSessions<Cart>({ storage, ...settings });
    await elsewhere.revokeAll('ada');
    clock.advance(1);
    await here.signIn(browser().exchange(), { user: 'ada' });
    const startedAt = clock();
    await elsewhere.revokeAll('ada');
    clock.advance(1);
    await expect(here.signIn(browser().exchange(), { user: 'ada', startedAt })).rejects.toMatchObject({
      code: 'session_user_revoked',
    });
  });

  it('writes waiting activity a last time as it closes', async () => {
    const { sessions, clock, another } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    clock.advance(2 * minute);
    await whoIs(sessions, ada.request());
    await sessions.close();
    expect((await another().list('ada')).items[0]?.lastSeenAt).toBe(clock());
  });

  it('keeps the stream of the session that is kept open, also where the storage answers later', async () => {
    const { clock, storage: kept } = world();
    const storage: Storage = {
      ...kept,
      collection(definition) {
        const inner = kept.collection(definition);
        return { ...inner, get: async (id) => inner.get(id) };
      },
    };
    const sessions = createSessions<Cart>({ storage, clock, csrf: { origins: [origin] } });
    const closed: string[] = [];
    const browsers = [browser(), browser()];
    for (const each of browsers) {
      const { id } = await sessions.signIn(each.exchange(), { user: 'ada' });
      const result = await sessions.authenticator().authenticate(each.request());
      if (result.outcome === 'authenticated') result.onRevoked?.(() => closed.push(id));
    }
    await sessions.revokeOthers((browsers[0] as ReturnType<typeof browser>).request());
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toHaveLength(1);
  });

  it('closes open streams of a session that ends, and not those of the one that is kept', async () => {
    const { sessions } = world();
    const [laptop, phone] = [browser(), browser()];
    await sessions.signIn(laptop.exchange(), { user: 'ada' });
    await sessions.signIn(phone.exchange(), { user: 'ada' });
    const closed: string[] = [];
    for (const [name, each] of [
      ['laptop', laptop],
      ['phone', phone],
    ] as const) {
      const result = await sessions.authenticator().authenticate(each.request());
      if (result.outcome === 'authenticated') result.onRevoked?.(() => closed.push(name));
    }
    await sessions.revokeOthers(laptop.request());
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toEqual(['phone']);
    await sessions.revokeAll('ada');
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toEqual(['phone', 'laptop']);
  });
});

describe('createSessions: data', () => {
  const schema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => {
        const { count } = value as Cart;
        return count === undefined || Number.isSafeInteger(count)
          ? { value: value as Cart }
          : { issues: [{ message: 'no integer', path: ['count'] }] };
      },
    },
  } as const;

  it('loses none of 50 concurrent updates', async () => {
    const { sessions } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    await Promise.all(
      Array.from({ length: 50 }, () => sessions.update(ada.request(), (data) => ({ count: (data.count ?? 0) + 1 }))),
    );
    expect((await sessions.read(ada.request()))?.data.count).toBe(50);
  });

  it('is checked by a schema before it is written', async () => {
    const { sessions } = world({ schema });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    await expect(sessions.update(ada.request(), () => ({ count: 0.5 }))).rejects.toMatchObject({
      code: 'session_data_invalid',
      message: expect.stringContaining('count'),
    });
    expect((await sessions.read(ada.request()))?.data).toEqual({});
  });

  it('is refused by what a schema says of it, with the path and without the value', async () => {
    const validate = (issues: readonly object[]) =>
      world({
        schema: { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: issues as never }) } },
      }).sessions.anonymous(browser().exchange());
    await expect(validate([{ message: 'x' }])).rejects.toThrow(/at \(root\)\.$/);
    const nested = { message: 'x', path: [{ key: 'items' }, 0, 'price'] };
    await expect(validate([nested, { message: 'y', path: ['count'] }])).rejects.toThrow(/at items\.0\.price, count\.$/);
    const slow = world({
      schema: { '~standard': { version: 1, vendor: 'test', validate: async () => ({ value: {} }) } },
    });
    await expect(slow.sessions.anonymous(browser().exchange())).rejects.toThrow(/asynchronously/);
  });

  it('cannot be written to a session that has ended', async () => {
    const { sessions } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    const request = ada.request();
    await sessions.signOut(ada.exchange());
    await expect(sessions.update(request, () => ({}))).rejects.toMatchObject({ code: 'session_missing' });
  });
});

describe('describeDevice', () => {
  it('knows nothing of an empty or strange User-Agent, and never throws', () => {
    expect(describeDevice(undefined)).toEqual({ browser: undefined, os: undefined, kind: undefined });
    for (const text of ['', ' ', '\u0000', '💥'.repeat(200), '((((((('])
      expect(() => describeDevice(text)).not.toThrow();
  });

  it.each([
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
      'Safari',
      'iOS',
      'mobile',
    ],
    [
      'Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
      'Safari',
      'iOS',
      'tablet',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
      'Chrome',
      'Windows',
      'desktop',
    ],
    ['curl/8.5.0', undefined, undefined, undefined],
  ])('reads %s', (text, name, os, kind) => {
    expect(describeDevice(text)).toEqual({ browser: name, os, kind });
  });
});
