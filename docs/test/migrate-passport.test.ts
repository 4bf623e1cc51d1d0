import { randomBytes, pbkdf2Sync } from 'node:crypto';
import { createMemoryStorage } from '@portcullis/core';
import { hash as bcrypt } from 'bcryptjs';
import { MemoryStore } from 'express-session';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fromExpressStore, readSid } from '../snippets/migrate/express-session/old-store.js';
import { createApp as createAfter } from '../snippets/migrate/passport/after.js';
import { createApp as createBefore } from '../snippets/migrate/passport/before.js';
import { convert } from '../snippets/migrate/passport/convert.js';
import { movePasswords, storePassword } from '../snippets/migrate/passport/move-passwords.js';
import { Browser, closeServers, serve } from './support/browser.js';
import { createSwap, origin } from './support/swap.js';

// Password hashes are slow on purpose.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const password = 'correct horse battery staple';
let db: Database.Database;

/** The table of Passport's tutorial, with as many users as asked for. */
beforeEach(() => {
  db = new Database(':memory:');
  db.exec('CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT UNIQUE, hashed_password BLOB, salt BLOB)');
  const insert = db.prepare('INSERT INTO users (username, hashed_password, salt) VALUES (?, ?, ?)');
  for (const name of ['ada', 'rex']) {
    const salt = randomBytes(16);
    insert.run(name, pbkdf2Sync(`${password} of ${name}`, salt, 310_000, 32, 'sha256'), salt);
  }
});
afterEach(async () => {
  await closeServers();
  db.close();
});

const ada = { username: 'ada', password: `${password} of ada` };
const hashOf = (name: string) =>
  (db.prepare('SELECT password_hash FROM users WHERE username = ?').get(name) as { password_hash: string })
    .password_hash;

describe('before and after', () => {
  it('do the same for the same users', async () => {
    const before = await serve(createBefore(db, new MemoryStore()));
    db.exec('ALTER TABLE users ADD COLUMN password_hash TEXT');
    expect(movePasswords(db)).toBe(2);
    const after = await serve(createAfter(db, createMemoryStorage(), [origin]));
    for (const send of [before, after]) {
      const browser = new Browser(send, origin);
      expect(await browser.json('/me')).toBe(401);
      for (const wrong of [
        { ...ada, password: 'a guess' },
        { ...ada, username: 'rex' },
        { ...ada, username: 'nobody' },
      ])
        expect(await browser.status('/sign-in', 'POST', wrong)).toBe(401);
      expect(await browser.status('/sign-in', 'POST', ada)).toBe(204);
      expect(await browser.json('/me')).toEqual({ user: { id: 1, username: 'ada' } });
      expect(await browser.status('/sign-out', 'POST')).toBe(204);
      expect(await browser.json('/me')).toBe(401);
    }
  });
});

describe('the passwords', () => {
  beforeEach(() => db.exec('ALTER TABLE users ADD COLUMN password_hash TEXT'));

  it('are moved once, and hashed anew as their users sign in', async () => {
    expect([movePasswords(db), movePasswords(db)]).toEqual([2, 0]);
    expect(hashOf('ada')).toMatch(/^\$pbkdf2-sha256\$i=310000\$/);
    const app = await serve(createAfter(db, createMemoryStorage(), [origin]));
    expect(await new Browser(app, origin).status('/sign-in', 'POST', ada)).toBe(204);
    expect(hashOf('ada')).toMatch(/^\$scrypt\$/);
    expect(hashOf('rex')).toMatch(/^\$pbkdf2-sha256\$/);
    expect(await new Browser(app, origin).status('/sign-in', 'POST', ada)).toBe(204);
    expect(movePasswords(db)).toBe(0);
  });

  it('of bcrypt are read as they are', async () => {
    db.prepare('UPDATE users SET password_hash = ? WHERE username = ?').run(await bcrypt('another phrase', 10), 'rex');
    const app = await serve(createAfter(db, createMemoryStorage(), [origin]));
    const rex = { username: 'rex', password: 'another phrase' };
    expect(await new Browser(app, origin).status('/sign-in', 'POST', { ...rex, password: 'another' })).toBe(401);
    expect(await new Browser(app, origin).status('/sign-in', 'POST', rex)).toBe(204);
    expect(hashOf('rex')).toMatch(/^\$scrypt\$/);
  });

  it('still open the old application, but not one that was changed since', async () => {
    movePasswords(db);
    const app = await serve(createAfter(db, createMemoryStorage(), [origin]));
    await new Browser(app, origin).ask('/sign-in', 'POST', ada);
    const before = await serve(createBefore(db, new MemoryStore()));
    expect(await new Browser(before, origin).status('/sign-in', 'POST', ada)).toBe(204);
    storePassword(db, 1, hashOf('rex'));
    expect(await new Browser(before, origin).status('/sign-in', 'POST', ada)).not.toBe(204);
    expect(movePasswords(db)).toBe(0);
  });
});

describe('the sessions', () => {
  it('are swapped', async () => {
    const store = new MemoryStore();
    const browser = new Browser(await serve(createBefore(db, store)), origin);
    await browser.ask('/sign-in', 'POST', ada);
    const swap = createSwap(() => ({
      store: fromExpressStore(store, convert),
      cookie: { name: 'connect.sid', attributes: { path: '/', httpOnly: true } },
      readToken: (value) => readSid(value, ['keyboard cat']),
    }));
    const moved = browser.copy(swap.send);
    expect(await moved.json('/me')).toEqual({ user: '1', by: 'old-session' });
    expect(await moved.json('/me')).toEqual({ user: '1', by: 'session' });
    expect([...moved.jar.keys()]).toEqual(['__Host-sid']);
    // The browser's end ended the old cookie, and so it ends the new one.
    expect((await swap.sessions.list('1')).items.map(({ remembered }) => remembered)).toEqual([false]);
  });

  it('of visitors stay behind', () => {
    const cookie = { originalMaxAge: null, path: '/' };
    expect(convert({ cookie } as never)).toBeUndefined();
    expect(convert({ cookie, passport: {} } as never)).toBeUndefined();
  });
});
