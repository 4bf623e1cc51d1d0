import { createMemoryStorage, random } from '@portcullis/core';
import { createOAuthClient } from '@portcullis/oauth-client';
import { google } from '@portcullis/oauth-client/providers';
import { createPasswords } from '@portcullis/password';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import { getMigrations } from 'better-auth/db/migration';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp as createAfter, createKeys } from '../snippets/migrate/better-auth/after.js';
import { createApp as createBefore, createAuth } from '../snippets/migrate/better-auth/before.js';
import { betterAuthSessions } from '../snippets/migrate/better-auth/changeover.js';
import { moveIdentities, moveKeys, movePasswords } from '../snippets/migrate/better-auth/move.js';
import { readSessionToken } from '../snippets/migrate/better-auth/old-store.js';
import { hexScrypt } from '../snippets/migrate/hex-scrypt.js';
import { createMovedSessions } from '../snippets/migrate/moved-sessions.js';
import { Browser } from './support/browser.js';
import { createSwap, origin } from './support/swap.js';

// Password hashes are slow on purpose.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const secret = 'GIUp9xBk0zJ7wcrB2oDYvEZnWmQTlsfA';
const ada = { email: 'ada@example.org', password: 'correct horse battery staple' };

interface KeyApi {
  createApiKey(call: { body: object; headers?: Headers }): Promise<{ key: string }>;
  verifyApiKey(call: { body: { key: string } }): Promise<{ valid: boolean }>;
}
interface User {
  id: string;
  password_hash: string | null;
}

/** An application of better-auth's with its own tables, in which Ada has signed up. */
async function house() {
  const db = new Database(':memory:');
  // better-auth tells databases apart by what they have.
  const database = { aggregate: undefined, prepare: (sql: string) => db.prepare(sql), close: () => db.close() };
  const auth = createAuth(database, secret);
  await (await getMigrations(auth.options)).runMigrations();
  const app = createBefore(auth);
  const send = (path: string, init: RequestInit) => app.request(`${origin}${path}`, init);
  const browser = new Browser(send, origin);
  expect(await browser.status('/api/auth/sign-up/email', 'POST', { name: 'Ada', ...ada })).toBe(200);
  const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const api = auth.api as unknown as KeyApi;
  const user = () => db.prepare('SELECT * FROM user').get() as User;
  return { db, api, browser, send, user, headers: new Headers({ cookie }) };
}

let old: Awaited<ReturnType<typeof house>>;
beforeEach(async () => (old = await house()));
afterEach(() => old.db.close());

/** The application afterwards, over the same database. */
async function after() {
  old.db.exec('ALTER TABLE user ADD COLUMN password_hash TEXT');
  const storage = createMemoryStorage();
  const keys = createKeys(storage);
  const counts = { passwords: movePasswords(old.db), keys: await moveKeys(old.db, keys) };
  const app = createAfter(old.db, storage, keys);
  const send = (path: string, init: RequestInit) => app.request(`${origin}${path}`, init);
  return { counts, keys, send, browser: new Browser(send, origin) };
}

describe('before and after', () => {
  it('know the same person by the same password', async () => {
    expect(await old.browser.json('/me')).toEqual({ email: ada.email });
    const { counts, browser } = await after();
    expect(counts.passwords).toBe(1);
    expect(await browser.json('/me')).toBe(401);
    expect(await browser.status('/sign-in', 'POST', { ...ada, password: 'a guess' })).toBe(401);
    expect(await browser.status('/sign-in', 'POST', ada)).toBe(204);
    expect(await browser.json('/me')).toEqual({ email: ada.email });
    expect(await browser.status('/sign-out', 'POST')).toBe(204);
    expect(await browser.json('/me')).toBe(401);
  });

  it('go on beside each other: a hash made anew leaves the old one where it is', async () => {
    const { browser } = await after();
    await browser.ask('/sign-in', 'POST', ada);
    expect(old.user().password_hash).toMatch(/^\$scrypt\$/);
    expect(movePasswords(old.db)).toBe(0);
    const back = new Browser(old.send, origin);
    expect(await back.status('/api/auth/sign-in/email', 'POST', ada)).toBe(200);
    // After a password was changed.
    old.db.exec("UPDATE account SET password = NULL WHERE providerId = 'credential'");
    expect(await back.status('/api/auth/sign-in/email', 'POST', ada)).toBe(401);
  });
});

describe('hexScrypt', () => {
  it("reads better-auth's hashes and no others", async () => {
    const { password } = old.db.prepare('SELECT password FROM account').get() as { password: string };
    expect(hexScrypt.reads(password)).toBe(true);
    expect(await hexScrypt.verify(ada.password, password)).toBe(true);
    expect(await hexScrypt.verify(`${ada.password} `, password)).toBe(false);
    for (const other of ['', 'a:b', `${password}0`, password.toUpperCase(), `s3:${password}`])
      expect(hexScrypt.reads(other)).toBe(false);
  });

  it('takes what was typed in another form of the same characters', async () => {
    const typed = 'ﬁfteen ﬁelds of ﬂax'; // ligatures, which NFKC takes apart
    const browser = new Browser(old.send, origin);
    await browser.ask('/api/auth/sign-up/email', 'POST', { name: 'Rex', email: 'rex@example.org', password: typed });
    const query = "SELECT password FROM account JOIN user ON user.id = account.userId WHERE email = 'rex@example.org'";
    const { password } = old.db.prepare(query).get() as { password: string };
    const passwords = createPasswords({ legacy: [hexScrypt] });
    expect(await passwords.verify(typed, password)).toMatchObject({ verified: true, rehashed: /^\$scrypt/ });
  });
});

describe('the API keys', () => {
  it('go on working under the hash that was stored, with scopes, expiry and limits', async () => {
    const { api, headers, user } = old;
    const owner = user().id;
    const plain = await api.createApiKey({ body: { name: 'ci', expiresIn: 86_400 * 30 }, headers });
    const own = { userId: owner, prefix: 'acme_', permissions: { posts: ['read', 'write'] } };
    const rich = await api.createApiKey({ body: { ...own, remaining: 2, rateLimitEnabled: false } });
    const slow = await api.createApiKey({ body: { ...own, rateLimitMax: 1, rateLimitTimeWindow: 60_000 } });
    const off = await api.createApiKey({ body: own });
    old.db.prepare('UPDATE apikey SET enabled = (rowid <> (SELECT max(rowid) FROM apikey))').run();
    const late = await api.createApiKey({ body: own });
    const lateRow = 'UPDATE apikey SET expiresAt = ? WHERE rowid = (SELECT max(rowid) FROM apikey)';
    old.db.prepare(lateRow).run('2020-01-01T00:00:00.000Z');
    const used = await api.createApiKey({ body: { ...own, remaining: 1 } });
    await api.verifyApiKey({ body: { key: used.key } });
    old.db.prepare('UPDATE apikey SET remaining = 0 WHERE remaining = 1').run();

    const { counts, keys, send } = await after();
    expect(counts.keys).toEqual({ moved: 3, over: 2, there: 0 });
    const ask = async (key: string) => (await send('/me', { headers: { 'x-api-key': key } })).status;
    // The plain key states no scopes, and defaultScopes gives none: 403 says that it is known.
    expect([await ask(plain.key), await ask(off.key), await ask(late.key)]).toEqual([403, 401, 401]);
    const first = await keys.verify(rich.key);
    expect(first).toMatchObject({ outcome: 'verified', key: { owner }, scopes: ['posts:read', 'posts:write'] });
    const outcomes = [(await keys.verify(rich.key)).outcome, (await keys.verify(rich.key)).outcome];
    expect(outcomes).toEqual(['verified', 'limited']);
    expect([(await keys.verify(slow.key)).outcome, (await keys.verify(slow.key)).outcome]).toEqual([
      'verified',
      'limited',
    ]);
    expect((await keys.verify(`${plain.key.slice(0, -1)}?`)).outcome).toBe('rejected');
    expect(await moveKeys(old.db, keys)).toEqual({ moved: 0, over: 2, there: 3 });
    expect((await api.verifyApiKey({ body: { key: plain.key } })).valid).toBe(true);
  });
});

describe('the accounts at providers', () => {
  it('become identities, and what has no issuer is named', async () => {
    const { id } = old.user();
    const insert = old.db.prepare(
      'INSERT INTO account (id, accountId, providerId, userId, createdAt, updatedAt) VALUES (?, ?, ?, ?, ?, ?)',
    );
    const now = new Date().toISOString();
    insert.run('g', '1097', 'google', id, now, now);
    insert.run('x', '55', 'unheard-of', id, now, now);
    const { identities } = createOAuthClient({
      storage: createMemoryStorage(),
      origin,
      encryptionKeys: { current: 'k1', keys: { k1: random(32) } },
      providers: { google: { provider: google, clientId: 'mine', credential: { secret: 'theirs' } } },
    });
    expect(await moveIdentities(old.db, identities)).toEqual({ moved: 1, unknown: ['unheard-of'] });
    expect(await moveIdentities(old.db, identities)).toEqual({ moved: 1, unknown: ['unheard-of'] });
    const found = await identities.find({ issuer: google.issuer, subject: '1097' });
    expect(found).toMatchObject({ user: id, provider: 'google' });
  });
});

describe('the sessions', () => {
  const swapOf = () => createSwap(() => betterAuthSessions(old.db, secret));

  it('are swapped, and keep the time of the sign-in', async () => {
    const swap = swapOf();
    const browser = old.browser.copy(swap.send);
    const { id } = old.user();
    expect(await browser.json('/me')).toEqual({ user: id, by: 'old-session' });
    expect([...browser.jar.keys()]).toEqual(['__Host-sid']);
    expect(await browser.json('/me')).toEqual({ user: id, by: 'session' });
    expect(await browser.status('/email', 'POST')).toBe(204);
    swap.time.now += 300_001;
    expect(await browser.status('/email', 'POST')).toBe(401);
    expect(await old.browser.copy(swap.send).json('/me')).toBe(401);
  });

  it('are moved, so that the table can go', async () => {
    const betterAuth = betterAuthSessions(old.db, secret);
    // Into the same file as the old tables.
    const storage = createSqliteStorage(old.db);
    const moved = createMovedSessions({ storage });
    storage.migrate();
    async function* tokens() {
      for (const row of old.db.prepare('SELECT token FROM session').all() as { token: string }[]) yield row.token;
    }
    expect(await moved.take(tokens(), betterAuth.store)).toEqual({ moved: 1, left: 0 });
    old.db.exec('DROP TABLE session');
    const swap = createSwap(() => ({ ...betterAuth, store: moved.alone }));
    expect(await old.browser.copy(swap.send).json('/me')).toMatchObject({ by: 'old-session' });
    swap.time.now += 60_001;
    expect(await old.browser.copy(swap.send).json('/me')).toBe(401);
  });

  it('need their signature', () => {
    const value = old.browser.jar.get('__Secure-better-auth.session_token') as string;
    const token = value.slice(0, value.indexOf('.'));
    expect(readSessionToken(value, secret)).toBe(token);
    for (const bad of [token, `${token}.`, `${token}.AAAA`, `x${value}`, '', '%.%'])
      expect(readSessionToken(bad, secret)).toBeUndefined();
    expect(readSessionToken(value, 'another')).toBeUndefined();
  });
});
