import { createHash, randomBytes } from 'node:crypto';
import { createMemoryStorage } from '@portcullis/core';
import { createPasswords } from '@portcullis/password';
import Database from 'libsql';
import { LegacyScrypt, Scrypt } from 'lucia';
import { Argon2id } from 'oslo/password';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hexScrypt } from '../snippets/migrate/hex-scrypt.js';
import { createApp as createAfter } from '../snippets/migrate/lucia/after.js';
import { argon2Engine } from '../snippets/migrate/lucia/argon2-engine.js';
import { createApp as createBefore } from '../snippets/migrate/lucia/before.js';
import { luciaSessions } from '../snippets/migrate/lucia/changeover.js';
import { fromHashedTokens, fromIdAndSecret } from '../snippets/migrate/lucia/old-store.js';
import { Browser } from './support/browser.js';
import { createSwap, day, origin } from './support/swap.js';

// Password hashes are slow on purpose.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const ada = { username: 'ada', password: 'ﬁfteen ﬁelds of ﬂax' }; // ligatures, which NFKC takes apart
let db: Database.Database;
beforeEach(async () => {
  db = new Database(':memory:');
  db.exec('CREATE TABLE user (id TEXT PRIMARY KEY, username TEXT, password_hash TEXT)');
  db.exec('CREATE TABLE session (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, user_id TEXT NOT NULL)');
  db.prepare('INSERT INTO user VALUES (?, ?, ?)').run('u1', ada.username, await new Argon2id().hash(ada.password));
});
afterEach(() => db.close());

type App = { request(url: string, init: RequestInit): Response | Promise<Response> };
const browserOf = (app: App) => new Browser((path, init) => app.request(`${origin}${path}`, init), origin);
const hash = () => (db.prepare('SELECT password_hash FROM user').get() as { password_hash: string }).password_hash;

describe('before and after', () => {
  it('do the same for the same users', async () => {
    for (const app of [createBefore(db), createAfter(db, createMemoryStorage())]) {
      const browser = browserOf(app);
      expect(await browser.json('/me')).toBe(401);
      expect(await browser.status('/sign-in', 'POST', { ...ada, password: 'a guess' })).toBe(401);
      expect(await browser.status('/sign-in', 'POST', { ...ada, username: 'nobody' })).toBe(401);
      expect(await browser.status('/sign-in', 'POST', ada)).toBe(204);
      expect(await browser.json('/me')).toEqual({ user: 'u1' });
      expect(await browser.status('/sign-out', 'POST')).toBe(204);
      expect(await browser.json('/me')).toBe(401);
    }
    expect(hash()).toMatch(/^\$scrypt\$/);
  });
});

describe('the passwords', () => {
  it("of oslo's Argon2id are read by an engine of their speed", async () => {
    const argon2 = createPasswords({
      engines: [argon2Engine],
      parameters: { algorithm: 'argon2id', m: 19_456, t: 2, p: 1 },
    });
    const typed = ada.password.normalize('NFKC');
    expect(await argon2.verify(typed, hash())).toEqual({ verified: true });
    expect(await argon2.verify(`${typed}.`, hash())).toEqual({ verified: false });
    // And what it hashes, oslo reads.
    expect(await new Argon2id().verify(await argon2.hash(typed), typed)).toBe(true);
  });

  it("of Lucia's Scrypt and LegacyScrypt are read as they are", async () => {
    for (const stored of [await new Scrypt().hash(ada.password), await new LegacyScrypt().hash(ada.password)]) {
      expect(hexScrypt.reads(stored)).toBe(true);
      expect(await hexScrypt.verify(ada.password, stored)).toBe(true);
      expect(await hexScrypt.verify('a guess', stored)).toBe(false);
    }
  });
});

describe('the sessions', () => {
  async function signedIn() {
    const browser = browserOf(createBefore(db));
    await browser.ask('/sign-in', 'POST', ada);
    return browser;
  }

  it('are swapped', async () => {
    const old = await signedIn();
    const swap = createSwap(() => luciaSessions(db));
    const browser = old.copy(swap.send);
    expect(await browser.json('/me')).toEqual({ user: 'u1', by: 'old-session' });
    expect([...browser.jar.keys()]).toEqual(['__Host-sid']);
    expect(await browser.json('/me')).toEqual({ user: 'u1', by: 'session' });
    swap.time.now += 60_001;
    expect(await old.copy(swap.send).json('/me')).toBe(401);
  });

  it('end in the table with a sign-out', async () => {
    const old = await signedIn();
    const swap = createSwap(() => luciaSessions(db));
    expect(await old.copy(swap.send).status('/sign-out', 'POST')).toBe(204);
    expect(await old.json('/me')).toBe(401);
  });

  it('take no cookie that Lucia would not have made', async () => {
    const { readToken } = luciaSessions(db);
    for (const bad of ['', 'abc', 'A'.repeat(40), `${'a'.repeat(40)};`]) expect(readToken(bad)).toBeUndefined();
  });

  it("of the code on Lucia's pages are read by their hash", async () => {
    const token = randomBytes(20).toString('hex').slice(0, 32);
    const id = createHash('sha256').update(token).digest('hex');
    const now = Math.floor(Date.now() / 1000);
    db.prepare('INSERT INTO session VALUES (?, ?, ?)').run(id, now + 3600, 'u1');
    const store = fromHashedTokens(db);
    expect(await store.find(token)).toMatchObject({ user: 'u1', expiresAt: (now + 3600) * 1000 });
    expect(await store.find(id)).toBeUndefined();
    await store.end(token, (now + 60) * 1000);
    expect(await store.find(token)).toMatchObject({ expiresAt: (now + 60) * 1000 });
  });

  it('with id and secret are read by both', async () => {
    db.exec('DROP TABLE session');
    db.exec('CREATE TABLE session (id TEXT PRIMARY KEY, secret_hash BLOB, created_at INTEGER, user_id TEXT)');
    const [id, secret] = ['k2m4p6r8s2t4v6x8y2z4b6d8', 'a3c5e7g9h3j5k7m9n3p5q7r9'];
    const now = Math.floor(Date.now() / 1000);
    const insert = db.prepare('INSERT INTO session VALUES (?, ?, ?, ?)');
    insert.run(id, createHash('sha256').update(secret).digest(), now, 'u1');
    const store = fromIdAndSecret(db, day);
    expect(await store.find(`${id}.${secret}`)).toMatchObject({ user: 'u1', signedInAt: now * 1000 });
    for (const bad of [id, `${id}.`, `${id}.${secret}x`, `.${secret}`, secret])
      expect(await store.find(bad)).toBeUndefined();
    await store.end(`${id}.${secret}`, (now + 60) * 1000);
    expect(await store.find(`${id}.${secret}`)).toMatchObject({ expiresAt: (now + 60) * 1000 });
  });
});
