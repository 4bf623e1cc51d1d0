import type { RequestListener } from 'node:http';
import { expressGuard } from '@portcullis/express';
import express, { type NextFunction, type Request, type Response } from 'express';
import type { Auth } from './auth.js';
import { accountPage, pageHeaders, signInPage } from './pages.js';

const form = express.urlencoded({ extended: false, limit: '8kb' });

/** Puts the service together. Throws when a route states no requirement: such a service does not start. */
export function createApp({ guard, sessions, signIn }: Auth): RequestListener {
  const g = expressGuard(guard);
  const app = express();
  app.disable('x-powered-by');
  app.use(g.closed());

  app.get('/health', g.open(), (_req, res) => {
    res.json({ status: 'ok' });
  });

  app.get('/', g.optional(), async (_req, res) => {
    const { auth } = res.locals;
    if (auth === undefined) return void res.set(pageHeaders).send(signInPage());
    const { items } = await sessions.list(auth.principal.id);
    res.set(pageHeaders).send(accountPage(auth.principal.id, items, auth.credential.id));
  });

  app.post('/sign-in', g.open(), form, async (req, res) => {
    const refused = await signIn(g.exchange(req), req.body);
    if (refused === undefined) return res.redirect(303, '/');
    res
      .status(refused.status)
      .set(Object.fromEntries(refused.headers))
      .set(pageHeaders)
      .send(signInPage(refused.message));
  });

  // Another's session is not found: its id alone ends nothing.
  app.post('/sessions/:id/revoke', g.require('sessions:revoke'), async (req, res) => {
    await sessions.revoke(req.params.id, { user: res.locals.auth.principal.id });
    res.redirect(303, '/');
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
