import { createGuard, createPolicy, type Storage } from '@portcullis/core';
import { expressGuard } from '@portcullis/express';
import { createPasswords } from '@portcullis/password';
import { bcryptVerifier } from '@portcullis/password/bcrypt';
import { createSessions } from '@portcullis/session';
import express from 'express';
import type Database from 'libsql';

interface Row {
  id: number;
  username: string;
  password_hash: string | null;
}

// bcryptVerifier only where your hashes begin with $2: the others are read as they are.
const passwords = createPasswords({ legacy: [bcryptVerifier] });

export function createApp(db: Database.Database, storage: Storage, origins: readonly string[]) {
  const byName = db.prepare('SELECT id, username, password_hash FROM users WHERE username = ?');
  const byId = db.prepare('SELECT id, username FROM users WHERE id = ?');
  const replaceHash = db.prepare('UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?');

  /** What the strategy did. */
  async function checkPassword(username: string, password: string): Promise<Row | undefined> {
    const row = byName.get(username) as Row | undefined;
    // Asked for an unknown user too, so that the time it takes tells nobody who is one.
    const result = await passwords.verify(password, row?.password_hash);
    if (!result.verified || row === undefined) return undefined;
    if (result.rehashed !== undefined) replaceHash.run(result.rehashed, row.id, row.password_hash);
    return row;
  }

  const sessions = createSessions({ storage, csrf: { origins } });
  const policy = createPolicy({ permissions: ['me:read'], roles: { user: ['me:read'] } });
  const g = expressGuard(createGuard({ authenticators: [sessions.authenticator()], policy, roles: () => ['user'] }));

  const app = express();
  app.use(g.closed());
  app.post('/sign-in', g.open(), express.json(), async (req, res) => {
    const { username, password } = req.body as Record<string, unknown>;
    const startedAt = Date.now();
    const row = await checkPassword(String(username), String(password));
    if (row === undefined) return void res.sendStatus(401);
    await sessions.signIn(g.exchange(req), { user: String(row.id), startedAt });
    res.sendStatus(204);
  });
  app.post('/sign-out', g.optional(), async (req, res) => {
    await sessions.signOut(g.exchange(req));
    res.sendStatus(204);
  });
  app.get('/me', g.require('me:read'), (_req, res) => {
    const { id, username } = byId.get(Number(res.locals.auth.principal.id)) as Row;
    res.json({ user: { id, username } });
  });
  app.use(g.errors());
  return app;
}
