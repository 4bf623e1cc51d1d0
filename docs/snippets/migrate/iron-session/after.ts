import { createGuard, createPolicy, type Storage } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { createSessions } from '@portcullis/session';
import { Hono } from 'hono';

interface Data {
  readonly theme: string;
}
type CheckPassword = (email: string, password: string) => Promise<string | undefined>;

export function createApp(storage: Storage, checkPassword: CheckPassword) {
  const sessions = createSessions<Data>({
    storage,
    csrf: { origins: ['https://app.example.com'] },
    initialData: () => ({ theme: 'light' }),
  });
  const policy = createPolicy({ permissions: ['theme:change'], roles: { user: ['theme:change'] } });
  const g = honoGuard(createGuard({ authenticators: [sessions.authenticator()], policy, roles: () => ['user'] }));

  const app = new Hono();
  app.use(g.closed());
  app.post('/sign-in', g.open(), async (c) => {
    const { email, password } = await c.req.json<Record<string, unknown>>();
    const startedAt = Date.now();
    const user = await checkPassword(String(email), String(password));
    if (user === undefined) return c.body(null, 401);
    await sessions.signIn(g.exchange(c), { user, remember: true, startedAt });
    return c.body(null, 204);
  });
  app.post('/sign-out', g.optional(), async (c) => {
    await sessions.signOut(g.exchange(c));
    return c.body(null, 204);
  });
  app.post('/theme/:name', g.require('theme:change'), async (c) => {
    const theme = c.req.param('name');
    await sessions.update(g.exchange(c).request, (data) => ({ ...data, theme }));
    return c.body(null, 204);
  });
  app.get('/me', g.authenticated(), async (c) => {
    const session = await sessions.read(g.exchange(c).request);
    return c.json({ user: c.var.auth.principal.id, theme: session?.data.theme });
  });
  app.onError(g.errors());
  return app;
}
