import { createGuard, createPolicy, type Storage } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { createNativeEngine, createPasswords, portableEngine } from '@portcullis/password';
import { createSessions } from '@portcullis/session';
import { Hono } from 'hono';
import type Database from 'libsql';
import { hexScrypt } from '../hex-scrypt.js';
import { argon2Engine } from './argon2-engine.js';

interface Row {
  id: string;
  password_hash: string;
}

const passwords = createPasswords({
  engines: [createNativeEngine(), argon2Engine, portableEngine],
  legacy: [hexScrypt], // where hashes are those of Lucia's Scrypt
});

export function createApp(db: Database.Database, storage: Storage) {
  const byName = db.prepare('SELECT id, password_hash FROM user WHERE username = ?');
  const replaceHash = db.prepare('UPDATE user SET password_hash = ? WHERE id = ? AND password_hash = ?');
  const sessions = createSessions({ storage, csrf: { origins: ['https://app.example.com'] } });
  const policy = createPolicy({ permissions: ['me:read'], roles: { user: ['me:read'] } });
  const g = honoGuard(createGuard({ authenticators: [sessions.authenticator()], policy, roles: () => ['user'] }));

  const app = new Hono();
  app.use(g.closed());
  app.post('/sign-in', g.open(), async (c) => {
    const { username, password } = await c.req.json<Record<string, unknown>>();
    const startedAt = Date.now();
    const row = byName.get(String(username)) as Row | undefined;
    // oslo hashed the NFKC form. Keep it here and where passwords are chosen.
    const result = await passwords.verify(String(password).normalize('NFKC'), row?.password_hash);
    if (!result.verified || row === undefined) return c.body(null, 401);
    if (result.rehashed !== undefined) replaceHash.run(result.rehashed, row.id, row.password_hash);
    await sessions.signIn(g.exchange(c), { user: row.id, remember: true, startedAt });
    return c.body(null, 204);
  });
  app.post('/sign-out', g.optional(), async (c) => {
    await sessions.signOut(g.exchange(c));
    return c.body(null, 204);
  });
  app.get('/me', g.require('me:read'), (c) => c.json({ user: c.var.auth.principal.id }));
  app.onError(g.errors());
  return app;
}
