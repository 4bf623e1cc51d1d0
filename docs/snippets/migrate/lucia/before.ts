import { BetterSqlite3Adapter } from '@lucia-auth/adapter-sqlite';
import { Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import type Database from 'libsql';
import { Lucia } from 'lucia';
import { Argon2id } from 'oslo/password';

interface Row {
  id: string;
  password_hash: string;
}

export function createApp(db: Database.Database) {
  const lucia = new Lucia(new BetterSqlite3Adapter(db as never, { user: 'user', session: 'session' }));
  const app = new Hono();
  app.post('/sign-in', async (c) => {
    const { username, password } = await c.req.json<{ username: string; password: string }>();
    const row = db.prepare('SELECT * FROM user WHERE username = ?').get(username) as Row | undefined;
    if (row === undefined || !(await new Argon2id().verify(row.password_hash, password))) return c.body(null, 401);
    const session = await lucia.createSession(row.id, {});
    c.header('set-cookie', lucia.createSessionCookie(session.id).serialize());
    return c.body(null, 204);
  });
  app.post('/sign-out', async (c) => {
    await lucia.invalidateSession(getCookie(c, lucia.sessionCookieName) ?? '');
    c.header('set-cookie', lucia.createBlankSessionCookie().serialize());
    return c.body(null, 204);
  });
  app.get('/me', async (c) => {
    const { user } = await lucia.validateSession(getCookie(c, lucia.sessionCookieName) ?? '');
    return user === null ? c.body(null, 401) : c.json({ user: user.id });
  });
  return app;
}
