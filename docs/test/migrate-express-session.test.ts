import { createGuard, createMemoryStorage, createPolicy } from '@portcullis/core';
import { expressGuard } from '@portcullis/express';
import { sessionCollection } from '@portcullis/session';
import { redis } from '@portcullis-internal/testkit';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { createClient, type RedisClientType } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp as createAfter } from '../snippets/migrate/express-session/after.js';
import { createApp as createBefore } from '../snippets/migrate/express-session/before.js';
import { convert, createApp as createChangeover } from '../snippets/migrate/express-session/changeover.js';
import { moveSessions } from '../snippets/migrate/express-session/move.js';
import { fromExpressStore, readSid } from '../snippets/migrate/express-session/old-store.js';
import { createMovedSessions, movedSessionCollection } from '../snippets/migrate/moved-sessions.js';
import { createOldSessions } from '../snippets/migrate/old-sessions.js';
import { Browser, closeServers, serve } from './support/browser.js';

// A server and a database of their own, on a machine that does other things too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const origin = 'https://app.example.com';
const day = 86_400_000;
const ada = { email: 'ada@example.org', password: 'correct horse battery staple' };
const checkPassword = (email: string, password: string) =>
  Promise.resolve(email === ada.email && password === ada.password ? 7 : undefined);

/** The old application and the one of the changeover, on the same data. */
async function house(store: session.Store = new session.MemoryStore()) {
  const time = { now: Date.now() };
  const clock = () => time.now;
  const storage = createMemoryStorage({ clock });
  const before = await serve(createBefore(store, checkPassword));
  const built = createChangeover({
    storage,
    store,
    checkPassword,
    origins: [origin],
    until: time.now + 7 * day,
    clock,
  });
  const now = await serve(built.app);
  const signedIn = new Browser(before, origin);
  expect(await signedIn.status('/sign-in', 'POST', ada)).toBe(204);
  return { ...built, time, storage, store, before, now, signedIn };
}

afterEach(closeServers);

describe('before and after', () => {
  it('do the same', async () => {
    const apps = [
      createBefore(new session.MemoryStore(), checkPassword),
      createAfter(createMemoryStorage(), checkPassword, [origin]),
    ];
    for (const app of apps) {
      const browser = new Browser(await serve(app), origin);
      expect(await browser.json('/me')).toBe(401);
      expect(await browser.status('/sign-in', 'POST', { ...ada, password: 'a guess' })).toBe(401);
      expect(await browser.status('/sign-in', 'POST', ada)).toBe(204);
      expect(await browser.json('/me')).toEqual({ user: 7, theme: 'light' });
      expect(await browser.status('/theme/dark', 'POST')).toBe(204);
      expect(await browser.json('/me')).toEqual({ user: 7, theme: 'dark' });
      const copy = browser.copy();
      expect(await browser.status('/sign-out', 'POST')).toBe(204);
      expect(await copy.json('/me')).toBe(401);
    }
  });

  it('differ for what another site sends', async () => {
    const after = new Browser(await serve(createAfter(createMemoryStorage(), checkPassword, [origin])), origin);
    await after.ask('/sign-in', 'POST', ada);
    const foreign = { origin: 'https://evil.example' };
    expect((await after.ask('/theme/dark', 'POST', undefined, foreign)).status).toBe(403);
  });
});

describe('the changeover', () => {
  it('swaps an old session for a new one with its data, at the first request', async () => {
    const { signedIn, before, now, sessions } = await house();
    await signedIn.ask('/theme/dark', 'POST');
    const browser = signedIn.copy(now);
    expect(await browser.json('/me')).toEqual({ user: 7, by: 'old-session' });
    expect([...browser.jar.keys()]).toEqual(['__Host-sid']);
    expect(await browser.json('/me')).toEqual({ user: 7, by: 'session' });
    expect(await browser.json('/theme')).toEqual({ theme: 'dark' });
    const { items } = await sessions.list('7');
    expect(items.map(({ remembered, authenticatedAt }) => [remembered, authenticatedAt])).toEqual([[true, 0]]);
    // The old server, should it still run, is asked with the old cookie: it has a minute left.
    expect(await signedIn.copy(before).json('/me')).toEqual({ user: 7, theme: 'dark' });
  });

  it('is no fresh sign-in: a route that wants one asks for it', async () => {
    const { signedIn, now } = await house();
    const browser = signedIn.copy(now);
    expect(await browser.status('/email', 'POST')).toBe(401);
    expect(await browser.json('/me')).toEqual({ user: 7, by: 'session' });
    expect(await browser.status('/email', 'POST')).toBe(401);
    expect(await browser.status('/sign-in', 'POST', ada)).toBe(204);
    expect(await browser.status('/email', 'POST')).toBe(204);
  });

  it('lets requests that were under way end, and then the old cookie is worth nothing', async () => {
    const { signedIn, now, time } = await house();
    const [first, second] = [signedIn.copy(now), signedIn.copy(now)];
    await first.ask('/me');
    expect(await second.json('/me')).toEqual({ user: 7, by: 'old-session' });
    time.now += 60_001;
    expect(await signedIn.copy(now).json('/me')).toBe(401);
    expect(await first.json('/me')).toEqual({ user: 7, by: 'session' });
  });

  it('signs out of both', async () => {
    const { signedIn, now, sessions } = await house();
    const browser = signedIn.copy(now);
    expect(await browser.status('/sign-out', 'POST')).toBe(204);
    expect(browser.jar.size).toBe(0);
    expect(await signedIn.copy(now).json('/me')).toBe(401);
    expect((await sessions.list('7')).items).toEqual([]);
  });

  it('does not swap for a page of another site', async () => {
    const { signedIn, now, sessions } = await house();
    const browser = signedIn.copy(now);
    const foreign = { origin: 'https://evil.example' };
    expect((await browser.ask('/email', 'POST', undefined, foreign)).status).toBe(403);
    expect((await browser.ask('/sign-out', 'POST', undefined, foreign)).status).toBe(403);
    expect((await sessions.list('7')).items).toEqual([]);
    expect(await browser.json('/me')).toEqual({ user: 7, by: 'old-session' });
  });

  it('ends old sessions too when a user is logged out everywhere', async () => {
    const { signedIn, now, sessions } = await house();
    await sessions.revokeAll('7');
    const browser = signedIn.copy(now);
    expect(await browser.json('/me')).toBe(403);
    expect(browser.jar.size).toBe(0);
    expect(await signedIn.copy(now).json('/me')).toBe(401);
  });

  it('ends on its day', async () => {
    const { signedIn, now, time } = await house();
    time.now += 7 * day;
    expect(await signedIn.copy(now).json('/me')).toBe(401);
  });

  it('can begin by reading: a guard over old sessions alone writes nothing', async () => {
    const { signedIn, store, storage } = await house();
    const never = () => Promise.reject(new Error('nothing is written'));
    const old = createOldSessions({
      sessions: { signIn: never, signOut: never },
      store: fromExpressStore(store, convert),
      cookie: { name: 'connect.sid', attributes: { path: '/' } },
      readToken: (value) => readSid(value, ['keyboard cat']),
      csrf: { origins: [origin] },
      until: Date.now() + day,
    });
    const policy = createPolicy({ permissions: ['me:read'], roles: { user: ['me:read'] } });
    const g = expressGuard(createGuard({ authenticators: [old.authenticator()], policy, roles: () => ['user'] }));
    const app = express();
    app.get('/me', g.require('me:read'), (_req, res) => void res.json({ user: res.locals.auth.principal.id }));
    const browser = signedIn.copy(await serve(app));
    expect(await browser.json('/me')).toEqual({ user: '7' });
    expect([...browser.jar.keys()]).toEqual(['connect.sid']);
    expect((await storage.collection(sessionCollection).scan({ limit: 10 })).items).toEqual([]);
  });

  it('takes no cookie that is not signed, or by another secret, or sent twice', async () => {
    const { signedIn, now } = await house();
    const value = signedIn.jar.get('connect.sid') as string;
    const sid = readSid(value, ['keyboard cat']);
    expect(readSid(value, ['a newer one', 'keyboard cat'])).toBe(sid);
    expect(readSid(value, ['another'])).toBeUndefined();
    const cookies = [`connect.sid=${sid}`, `connect.sid=s:${sid}.AAAA`, `connect.sid=${value}; connect.sid=${value}`];
    for (const cookie of [...cookies, 'connect.sid=', 'connect.sid=s%3', 'connect.sid=%'])
      expect((await now('/me', { headers: { cookie } })).status).toBe(401);
  });

  it('passes the start-up check, in which the middleware that swaps is named', async () => {
    const { g, app } = await house();
    expect(() => g.assertClosed(app, { acknowledge: ['swapOldSession'] })).not.toThrow();
  });

  it('is a 503 while the old store is down, and nobody is signed out by it', async () => {
    class Broken extends session.MemoryStore {
      down = false;
      override get: session.MemoryStore['get'] = (sid, callback) =>
        this.down ? callback(new Error('ECONNREFUSED')) : super.get(sid, callback);
    }
    const store = new Broken();
    const { signedIn, now } = await house(store);
    const browser = signedIn.copy(now);
    store.down = true;
    expect(await browser.json('/me')).toBe(503);
    store.down = false;
    expect(await browser.json('/me')).toEqual({ user: 7, by: 'old-session' });
  });
});

describe('moving while the application runs', () => {
  it('revives nobody who signs out, or is swapped, in between', async () => {
    for (const at of ['now', 'soon'] as const) {
      const { store, storage, moved, signedIn, time } = await house();
      const sid = readSid(signedIn.jar.get('connect.sid') as string, ['keyboard cat']) as string;
      const live = fromExpressStore(store, convert);
      let asked = 0;
      const racing: typeof live = {
        ...live,
        async find(token) {
          const found = await live.find(token);
          // As soon as the mover has read it, its user is faster.
          if (asked++ === 0) await moved.with(live).end(token, at === 'now' ? time.now : time.now + 60_000);
          return found;
        },
      };
      async function* tokens() {
        yield sid;
      }
      await createMovedSessions({ storage, clock: () => time.now }).take(tokens(), racing);
      expect((await moved.alone.find(sid)) !== undefined).toBe(at === 'soon');
      time.now += 60_001;
      expect(await moved.with(live).find(sid)).toBeUndefined();
    }
  });
});

const service = await redis();
describe.skipIf(service === undefined)('moving what connect-redis holds', () => {
  const prefix = `docs-migrate-${process.pid}:`;
  let client: RedisClientType;
  beforeAll(async () => {
    // Of its own, since a scan reads every key of a database.
    client = createClient({ url: service?.url ?? '', database: 13 });
    await client.connect();
  });
  const clear = async () => {
    for await (const keys of client.scanIterator({ MATCH: `${prefix}*` })) if (keys.length > 0) await client.del(keys);
  };
  beforeEach(clear);
  afterAll(async () => {
    await clear();
    await client.close();
    await service?.stop();
  });

  it('keeps everybody signed in, with their data, and leaves what has no user', async () => {
    const store = new RedisStore({ client, prefix });
    const { signedIn, before, now, storage } = await house(store);
    await signedIn.ask('/theme/dark', 'POST');
    for (let i = 0; i < 20; i++) await new Browser(before, origin).ask('/sign-in', 'POST', ada);
    await client.set(`${prefix}visitor`, JSON.stringify({ cookie: { originalMaxAge: null, path: '/' } }));
    expect(await moveSessions(client, storage, prefix)).toEqual({ moved: 21, left: 1 });
    expect(await moveSessions(client, storage, prefix)).toEqual({ moved: 0, left: 1 });
    const browser = signedIn.copy(now);
    expect(await browser.json('/me')).toEqual({ user: 7, by: 'old-session' });
    expect(await browser.json('/theme')).toEqual({ theme: 'dark' });
    // What is stored cannot be sent as a cookie.
    const rows = await storage.collection(movedSessionCollection).scan({ limit: 100 });
    expect(JSON.stringify(rows)).not.toContain(readSid(signedIn.jar.get('connect.sid') as string, ['keyboard cat']));
  });

  it('shortens a session in Redis itself when it is swapped', async () => {
    const { signedIn, now } = await house(new RedisStore({ client, prefix }));
    const sid = readSid(signedIn.jar.get('connect.sid') as string, ['keyboard cat']) as string;
    expect(await client.ttl(prefix + sid)).toBeGreaterThan(86_400);
    await signedIn.copy(now).ask('/me');
    expect(await client.ttl(prefix + sid)).toBeLessThanOrEqual(60);
  });
});
