import { Hono } from 'hono';
import { getIronSession, type SessionOptions } from 'iron-session';

export interface Data {
  user?: string;
  signedInAt?: number;
  theme?: string;
}
type CheckPassword = (email: string, password: string) => Promise<string | undefined>;

export function createApp(options: SessionOptions, checkPassword: CheckPassword) {
  const app = new Hono();
  app.post('/sign-in', async (c) => {
    const { email, password } = await c.req.json<{ email: string; password: string }>();
    const user = await checkPassword(email, password);
    if (user === undefined) return c.body(null, 401);
    const session = await getIronSession<Data>(c.req.raw, c.res, options);
    Object.assign(session, { user, signedInAt: Date.now(), theme: 'light' });
    await session.save();
    return c.body(null, 204);
  });
  app.post('/sign-out', async (c) => {
    (await getIronSession<Data>(c.req.raw, c.res, options)).destroy();
    return c.body(null, 204);
  });
  app.post('/theme/:name', async (c) => {
    const session = await getIronSession<Data>(c.req.raw, c.res, options);
    if (session.user === undefined) return c.body(null, 401);
    session.theme = c.req.param('name');
    await session.save();
    return c.body(null, 204);
  });
  app.get('/me', async (c) => {
    const { user, theme } = await getIronSession<Data>(c.req.raw, c.res, options);
    return user === undefined ? c.body(null, 401) : c.json({ user, theme });
  });
  return app;
}
