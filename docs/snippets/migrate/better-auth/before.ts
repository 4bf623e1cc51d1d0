import { apiKey } from '@better-auth/api-key';
import { type BetterAuthPlugin, betterAuth } from 'better-auth';
import { Hono } from 'hono';

export function createAuth(database: object, secret: string) {
  return betterAuth({
    baseURL: 'https://app.example.com',
    secret,
    database: database as never,
    emailAndPassword: { enabled: true },
    plugins: [apiKey() as unknown as BetterAuthPlugin],
    telemetry: { enabled: false },
  });
}

export function createApp(auth: ReturnType<typeof createAuth>) {
  const app = new Hono();
  app.on(['GET', 'POST'], '/api/auth/*', (c) => auth.handler(c.req.raw));
  app.get('/me', async (c) => {
    const session = await auth.api.getSession({ headers: c.req.raw.headers });
    return session === null ? c.body(null, 401) : c.json({ email: session.user.email });
  });
  return app;
}
