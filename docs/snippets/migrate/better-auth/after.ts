import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createPolicy, type Principal, type Storage } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { createPasswords } from '@portcullis/password';
import { createSessions } from '@portcullis/session';
import { Hono } from 'hono';
import type Database from 'libsql';
import { hexScrypt } from '../hex-scrypt.js';

interface User extends Principal {
  readonly kind: 'user';
}
interface Row {
  id: string;
  password_hash: string | null;
}

// #region parts
const passwords = createPasswords({ legacy: [hexScrypt] });

export function createKeys(storage: Storage) {
  return createApiKeys({
    storage,
    brand: 'acme',
    defaultScopes: [],
    // 64 letters, and what your configuration puts before them: the SHA-256 is made of all of it.
    parseImported: (text) => (/^(?:acme_)?[A-Za-z]{64}$/.test(text) ? text : undefined),
  });
}
// #endregion parts

export function createApp(db: Database.Database, storage: Storage, keys: ReturnType<typeof createKeys>) {
  const byEmail = db.prepare('SELECT id, password_hash FROM user WHERE email = ?');
  const emailOf = db.prepare('SELECT email FROM user WHERE id = ?');
  const replaceHash = db.prepare('UPDATE user SET password_hash = ? WHERE id = ? AND password_hash = ?');
  const sessions = createSessions({ storage, csrf: { origins: ['https://app.example.com'] } });
  const policy = createPolicy({ permissions: ['me:read'], roles: { user: ['me:read'] } });
  const asUser = (id: string): User => ({ kind: 'user', id });
  const g = honoGuard(
    createGuard({
      authenticators: [
        keys.authenticator({ principal: ({ owner }) => asUser(owner) }),
        sessions.authenticator({ principal: ({ user }) => asUser(user) }),
      ],
      policy,
      roles: () => ['user'],
    }),
  );

  const app = new Hono();
  app.use(g.closed());
  app.post('/sign-in', g.open(), async (c) => {
    const { email, password } = await c.req.json<Record<string, unknown>>();
    const startedAt = Date.now();
    const row = byEmail.get(String(email).toLowerCase()) as Row | undefined;
    const result = await passwords.verify(String(password), row?.password_hash);
    if (!result.verified || row === undefined) return c.body(null, 401);
    if (result.rehashed !== undefined) replaceHash.run(result.rehashed, row.id, row.password_hash);
    await sessions.signIn(g.exchange(c), { user: row.id, remember: true, startedAt });
    return c.body(null, 204);
  });
  app.post('/sign-out', g.optional(), async (c) => {
    await sessions.signOut(g.exchange(c));
    return c.body(null, 204);
  });
  app.get('/me', g.require('me:read'), (c) => {
    const { email } = emailOf.get(c.var.auth.principal.id) as { email: string };
    return c.json({ email });
  });
  app.onError(g.errors());
  return app;
}
