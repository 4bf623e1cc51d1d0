import type { SessionData, Store } from 'express-session';
import { createGuard, createPolicy, type Storage } from '@portcullis/core';
import { expressGuard } from '@portcullis/express';
import { createSessions } from '@portcullis/session';
import express from 'express';
import { createOldSessions, type OldSession } from '../old-sessions.js';
import { createMovedSessions } from '../moved-sessions.js';
import { fromExpressStore, readSid } from './old-store.js';

interface Data {
  readonly theme: string;
}
type CheckPassword = (email: string, password: string) => Promise<number | undefined>;

// #region convert
/** Who a session's user is, and what of it comes along. A session without a user stays behind. */
export function convert({ cookie, userId, theme }: SessionData): OldSession<Data> | undefined {
  if (userId === undefined) return undefined;
  const expiresAt = cookie.expires ? new Date(cookie.expires).getTime() : undefined;
  // express-session does not note when somebody signed in. If your application does, say it here.
  return { user: String(userId), signedInAt: 0, expiresAt, remember: expiresAt !== undefined, data: { theme } };
}
// #endregion convert

interface Parts {
  readonly storage: Storage;
  readonly store: Store;
  readonly checkPassword: CheckPassword;
  readonly origins: readonly string[];
  readonly until: number;
  readonly clock?: () => number;
}

export function createApp({ storage, store, checkPassword, origins, until, clock = Date.now }: Parts) {
  // #region changeover
  const csrf = { origins };
  const sessions = createSessions<Data>({ storage, csrf, initialData: () => ({ theme: 'light' }), clock });
  const moved = createMovedSessions<Data>({ storage, clock });
  const old = createOldSessions({
    sessions,
    store: moved.with(fromExpressStore(store, convert)),
    cookie: { name: 'connect.sid', attributes: { path: '/', httpOnly: true, sameSite: 'lax' } },
    readToken: (value) => readSid(value, ['keyboard cat']),
    csrf,
    until, // the day of the changeover + the longest maxAge of an old cookie
    clock,
  });
  const policy = createPolicy({
    permissions: ['theme:change', 'email:change'],
    roles: { user: ['theme:change', 'email:change'] },
  });
  const g = expressGuard(
    createGuard({
      authenticators: [sessions.authenticator(), old.authenticator()],
      policy,
      roles: () => ['user'],
      clock,
    }),
  );

  const app = express();
  app.use(g.closed());
  app.post('/sign-out', g.optional(), async (req, res) => {
    await old.signOut(g.exchange(req));
    res.sendStatus(204);
  });
  // Before every other route: an old session is swapped whatever its browser asks for first.
  app.use(g.optional(), function swapOldSession(req, _res, next) {
    old.takeOver(g.exchange(req), g.optionalAuth(req)).then(() => next(), next);
  });
  // #endregion changeover
  app.post('/sign-in', g.open(), express.json(), async (req, res) => {
    const { email, password } = req.body as { email: string; password: string };
    const startedAt = Date.now();
    const userId = await checkPassword(email, password);
    if (userId === undefined) return void res.sendStatus(401);
    await sessions.signIn(g.exchange(req), { user: String(userId), remember: true, startedAt });
    res.sendStatus(204);
  });
  app.get('/me', g.authenticated(), (_req, res) => {
    const { principal, credential } = res.locals.auth;
    res.json({ user: Number(principal.id), by: credential.scheme });
  });
  app.get('/theme', g.authenticated({ schemes: ['session'] }), async (req, res) => {
    res.json({ theme: (await sessions.read(g.exchange(req).request))?.data.theme });
  });
  app.post('/email', g.require('email:change', { maxAge: 300 }), (_req, res) => void res.sendStatus(204));
  app.use(g.errors());
  return { app, g, sessions, moved };
}
