import type { RequestListener } from 'node:http';
import { safeReturnTo } from '@portcullis/core';
import { expressGuard } from '@portcullis/express';
import express, { type NextFunction, type Request, type Response } from 'express';
import type { ClientMetadata } from 'oidc-provider';
import type { Auth } from './auth.js';
import type { Data } from './data.js';
import { answerConsent, finishLogin, readInteraction } from './interactions.js';
import { createOpenidProvider } from './openid-provider.js';
import { consentPage, homePage, overPage, pageHeaders, signInPage } from './pages.js';
import type { ProviderKeys } from './provider-keys.js';

export interface AppParts {
  readonly auth: Auth;
  readonly data: Data;
  readonly keys: ProviderKeys;
  readonly issuer: string;
  readonly audience: string;
  readonly clients: readonly ClientMetadata[];
}

/** Puts the service together. Throws when a route states no requirement: such a service does not start. */
export function createApp({ auth, data, keys, issuer, audience, clients }: AppParts): RequestListener {
  const { guard, sessions, signIn } = auth;
  const g = expressGuard(guard);
  const byPerson = { schemes: ['session'] } as const;
  const provider = createOpenidProvider({
    issuer,
    audience,
    data,
    keys,
    clients,
    async signedInAs(request) {
      // Asked outside the routes below, nobody is signed in.
      const exchange = request.method === 'GET' ? g.exchange(request) : undefined;
      return exchange && (await sessions.read(exchange.request))?.user;
    },
  });
  const speak = provider.callback();
  const openidProvider = (req: Request, res: Response): void => void speak(req, res);
  const origins = clients.flatMap(({ redirect_uris: uris = [] }) => uris.map((uri) => new URL(uri).origin));
  const headers = pageHeaders([...new Set(origins)]);
  const form = express.text({ type: 'application/x-www-form-urlencoded', limit: '8kb' });
  const fields = (body: unknown): URLSearchParams => new URLSearchParams(typeof body === 'string' ? body : '');
  const target = (value: unknown): string => safeReturnTo(value, { origin: issuer, fallback: '/' });

  const app = express();
  app.disable('x-powered-by');
  app.use(g.closed());

  app.get('/', g.optional(byPerson), (_req, res) => {
    const { auth: caller } = res.locals;
    if (caller === undefined) return void res.set(headers).send(signInPage('/'));
    res.set(headers).send(homePage(data.users.find(caller.principal.id)?.name ?? ''));
  });
  app.get('/sign-in', g.open(), (req, res) => void res.set(headers).send(signInPage(target(req.query['returnTo']))));
  app.post('/sign-in', g.open(), form, async (req, res) => {
    const given = fields(req.body);
    const refused = await signIn(g.exchange(req), given);
    const returnTo = target(given.get('returnTo'));
    if (refused !== undefined) return void res.status(403).set(headers).send(signInPage(returnTo, refused));
    res.redirect(303, returnTo);
  });
  app.post('/sign-out', g.optional(byPerson), async (req, res) => {
    await sessions.signOut(g.exchange(req));
    res.redirect(303, '/');
  });

  // The API, for people and for the clients that they let in.
  app.get('/api/me', g.require('profile:read'), (_req, res) => {
    const { principal } = res.locals.auth;
    res.json({ id: principal.id, name: data.users.find(principal.id)?.name });
  });

  app.get('/interaction/:uid', g.optional(byPerson), async (req, res) => {
    const interaction = await readInteraction(provider, req, res);
    if (interaction === undefined) return void res.status(400).set(headers).send(overPage());
    const session = await sessions.read(g.exchange(req).request);
    const user = session?.user === undefined ? undefined : data.users.find(session.user);
    if (interaction.prompt === 'login' || user === undefined) {
      const mustAsk = interaction.asksAnew && (session?.authenticatedAt ?? 0) < interaction.begunAt;
      if (user === undefined || session === undefined || mustAsk) {
        return res.redirect(303, `/sign-in?${new URLSearchParams({ returnTo: req.originalUrl })}`);
      }
      return finishLogin(provider, { req, res }, { user: user.id, authenticatedAt: session.authenticatedAt ?? 0 });
    }
    res.set(headers).send(consentPage({ ...interaction, user: user.name }));
  });
  app.post('/interaction/:uid', g.require('clients:approve', byPerson), form, async (req, res) => {
    const isAllowed = fields(req.body).get('answer') === 'allow';
    const user = res.locals.auth.principal.id;
    const isDone = await answerConsent(provider, { req, res }, { user, isAllowed });
    if (!isDone) res.status(400).set(headers).send(overPage());
  });

  // With the session, which the provider asks for; its other addresses have credentials of their own.
  app.get(['/auth', '/auth/:uid'], g.optional(byPerson), openidProvider);
  app.use(openidProvider);

  app.use(g.errors());
  app.use((error: { readonly status?: number }, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) return next(error);
    const { status = 500 } = error;
    if (status >= 500) console.error(error);
    const outcome = guard.refuse({ code: status >= 500 ? 'internal_error' : 'invalid_request', status });
    res.status(status).set(Object.fromEntries(outcome.headers)).send(outcome.body);
  });
  g.assertClosed(app, { acknowledge: [openidProvider.name] });
  return app;
}
