import { createGuard, createPolicy } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import type { Sessions } from '@portcullis/session';
import { Hono } from 'hono';
import type { createOldSessions } from './old-sessions.js';

export function createApp<D>(
  sessions: Sessions<D>,
  old: ReturnType<typeof createOldSessions<D>>,
  clock: () => number = Date.now,
) {
  // #region mount
  const policy = createPolicy({ permissions: ['email:change'], roles: { user: ['email:change'] } });
  const authenticators = [sessions.authenticator(), old.authenticator()];
  const g = honoGuard(createGuard({ authenticators, policy, roles: () => ['user'], clock }));

  const app = new Hono();
  app.use(g.closed());
  app.onError(g.errors());
  app.post('/sign-out', g.optional(), async (c) => {
    await old.signOut(g.exchange(c));
    return c.body(null, 204);
  });
  // Before every other route: an old session is swapped whatever its browser asks for first.
  app.use(g.optional(), async (c, next) => {
    await old.takeOver(g.exchange(c), g.optionalAuth(c));
    await next();
  });
  // #endregion mount
  app.get('/me', g.authenticated(), (c) => {
    const { principal, credential } = c.var.auth;
    return c.json({ user: principal.id, by: credential.scheme });
  });
  app.post('/email', g.require('email:change', { maxAge: 300 }), (c) => c.body(null, 204));
  return app;
}
