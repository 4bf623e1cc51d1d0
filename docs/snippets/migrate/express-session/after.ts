import { createGuard, createPolicy, type Storage } from '@portcullis/core';
import { expressGuard } from '@portcullis/express';
import { createSessions } from '@portcullis/session';
import express from 'express';

interface Data {
  readonly theme: string;
}
type CheckPassword = (email: string, password: string) => Promise<number | undefined>;

export function createApp(storage: Storage, checkPassword: CheckPassword, origins: readonly string[]) {
  const sessions = createSessions<Data>({ storage, csrf: { origins }, initialData: () => ({ theme: 'light' }) });
  const policy = createPolicy({ permissions: ['theme:change'], roles: { user: ['theme:change'] } });
  const g = expressGuard(createGuard({ authenticators: [sessions.authenticator()], policy, roles: () => ['user'] }));

  const app = express();
  app.use(g.closed());
  app.post('/sign-in', g.open(), express.json(), async (req, res) => {
    const { email, password } = req.body as { email: string; password: string };
    const startedAt = Date.now();
    const userId = await checkPassword(email, password);
    if (userId === undefined) return void res.sendStatus(401);
    await sessions.signIn(g.exchange(req), { user: String(userId), remember: true, startedAt });
    res.sendStatus(204);
  });
  app.post('/sign-out', g.optional(), async (req, res) => {
    await sessions.signOut(g.exchange(req));
    res.sendStatus(204);
  });
  app.post('/theme/:name', g.require('theme:change'), async (req, res) => {
    const { name } = req.params;
    await sessions.update(g.exchange(req).request, (data) => ({ ...data, theme: name }));
    res.sendStatus(204);
  });
  app.get('/me', g.authenticated(), async (req, res) => {
    const session = await sessions.read(g.exchange(req).request);
    res.json({ user: Number(res.locals.auth.principal.id), theme: session?.data.theme });
  });
  app.use(g.errors());
  return app;
}
