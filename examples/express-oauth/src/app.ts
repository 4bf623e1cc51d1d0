import type { RequestListener } from 'node:http';
import { expressEndpoint, expressGuard } from '@portcullis/express';
import express, { type NextFunction, type Request, type Response } from 'express';
import type { Auth } from './auth.js';
import type { Data } from './data.js';
import { accountPage, pageHeaders, providerPage, signInPage } from './pages.js';

/** Puts the service together. Throws when a route states no requirement: such a service does not start. */
export function createApp({ guard, sessions, login, callback, askProvider }: Auth, { users }: Data): RequestListener {
  const g = expressGuard(guard);
  const app = express();
  app.disable('x-powered-by');
  app.use(g.closed());

  app.get('/health', g.open(), (_req, res) => {
    res.json({ status: 'ok' });
  });

  app.get('/', g.optional(), (req, res) => {
    const { auth } = res.locals;
    const { failed } = req.query;
    const page =
      auth === undefined
        ? signInPage(typeof failed === 'string' ? failed : undefined)
        : accountPage(users.find(auth.principal.id)?.name ?? '');
    res.set(pageHeaders).send(page);
  });

  app.get('/auth/:provider', g.open(), expressEndpoint(login));
  app.get('/auth/:provider/callback', g.open(), expressEndpoint(callback));

  app.get('/provider', g.require('account:read'), async (_req, res) => {
    res.set(pageHeaders).send(providerPage(await askProvider(res.locals.auth.principal.id)));
  });

  app.post('/sign-out', g.optional(), async (req, res) => {
    await sessions.signOut(g.exchange(req));
    res.redirect(303, '/');
  });

  app.use(g.errors());
  app.use((error: { readonly status?: number }, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) return next(error);
    const { status = 500 } = error;
    if (status >= 500) console.error(error);
    const outcome = guard.refuse({ code: status >= 500 ? 'internal_error' : 'invalid_request', status });
    res.status(status).set(Object.fromEntries(outcome.headers)).send(outcome.body);
  });
  g.assertClosed(app);
  return app;
}
