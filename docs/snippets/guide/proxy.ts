import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createPolicy, type Storage } from '@portcullis/core';
import { expressGuard } from '@portcullis/express';
import { createSessions } from '@portcullis/session';
import express from 'express';

export function createApp(storage: Storage, trustProxy: number | false) {
  // #region app
  const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: 'unlimited' });
  const sessions = createSessions({
    storage,
    // What browsers see, not what this process listens on. It makes the cookie `__Host-` and Secure.
    csrf: { origins: ['https://app.example.com'] },
  });
  const guard = createGuard({
    authenticators: [keys.authenticator(), sessions.authenticator()],
    policy: createPolicy({ permissions: ['reports:read'], roles: { reader: ['reports:read'] } }),
    roles: () => ['reader'],
  });
  const g = expressGuard(guard, { trustProxy }); // 1: one proxy stands in front of this process
  // #endregion app

  const app = express();
  app.use(g.closed());
  app.get('/address', g.open(), (req, res) => {
    res.send(g.exchange(req).request.ip ?? 'nobody knows');
  });
  app.get('/reports', g.require('reports:read'), (_req, res) => {
    res.send('reports');
  });
  app.post('/sign-in', g.open(), async (req, res) => {
    await sessions.signIn(g.exchange(req), { user: 'ada' });
    res.status(204).end();
  });
  app.use(g.errors());
  return { app, keys };
}
