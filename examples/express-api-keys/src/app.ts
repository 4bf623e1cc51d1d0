import type { RequestListener } from 'node:http';
import type { ApiKey } from '@portcullis/api-key';
import { expressGuard } from '@portcullis/express';
import express, { type NextFunction, type Request, type Response } from 'express';
import { type Auth, isWithin, permissionsOf } from './auth.js';
import type { Posts } from './data.js';
import { ApiProblem, expiryOf, hasJson, KeyPage, NewKey, NewPost, parse, PostPage, Rotation } from './input.js';

const json = express.json({ limit: '64kb', type: hasJson });

/** Puts the service together. Throws when a route states no requirement: such a service does not start. */
export function createApp({ guard, keys }: Auth, posts: Posts): RequestListener {
  const g = expressGuard(guard);
  const post = g.byParam('id', posts.find);
  const key = g.byParam('id', (id) => keys.get(id));

  const app = express();
  app.disable('x-powered-by');
  app.use(g.closed());

  app.get('/health', g.open(), (_req, res) => {
    res.json({ status: 'ok' });
  });

  app.get('/api/me', g.authenticated(), (_req, res) => {
    const { auth } = res.locals;
    res.json({ principal: auth.principal, credential: auth.credential, permissions: permissionsOf(auth) });
  });

  app.get('/api/posts', g.require('posts:read'), (req, res) => {
    const { cursor, limit } = parse(PostPage, req.query);
    const found = posts.list({ before: cursor, limit });
    res.json({ posts: found, cursor: found.length === limit ? found.at(-1)?.id : undefined });
  });

  app.get('/api/posts/:id', g.require('posts:read', post), (_req, res) => {
    res.json(res.locals.resource);
  });

  // The body is read behind the guard: nobody's is before it is known who they are.
  app.post('/api/posts', g.require('posts:create'), json, (req, res) => {
    const { title, body } = parse(NewPost, req.body);
    res.status(201).json(posts.create({ authorId: res.locals.auth.principal.id, title, body }));
  });

  // The rule of posts:delete sees the post before this handler does.
  app.delete('/api/posts/:id', g.require('posts:delete', post), (_req, res) => {
    posts.delete(res.locals.resource.id);
    res.status(204).end();
  });

  app.get('/api/keys', g.require('keys:read'), async (req, res) => {
    const page = await keys.list({ owner: res.locals.auth.principal.id, ...parse(KeyPage, req.query) });
    res.json({ keys: page.items.map(inPublic), cursor: page.cursor });
  });

  app.post('/api/keys', g.require('keys:create'), json, async (req, res) => {
    const { principal, credential } = res.locals.auth;
    const { name, scopes = credential.scopes, expiresInDays, rateLimit } = parse(NewKey, req.body);
    if (!isWithin(credential.scopes, scopes)) {
      throw new ApiProblem(403, 'scope_exceeded', 'scopes: a key cannot make one that may do more than itself.');
    }
    const { response } = g.exchange(req);
    const settings = { owner: principal.id, name, scopes, expiresAt: expiryOf(expiresInDays), rateLimit };
    const issued = await keys.create(settings, { response });
    res.status(201).json({ key: issued.key.reveal(), ...inPublic(issued.record) });
  });

  // Another's key answers 404, so that ids cannot be tried out.
  app.post('/api/keys/:id/rotate', g.require('keys:rotate', key, { conceal: true }), json, async (req, res) => {
    const { graceSeconds } = parse(Rotation, req.body);
    const { id, owner } = res.locals.resource;
    const { response } = g.exchange(req);
    const issued = await keys.rotate(id, { owner, graceMs: graceSeconds * 1000, response });
    res.json({ key: issued.key.reveal(), ...inPublic(issued.record) });
  });

  app.delete('/api/keys/:id', g.require('keys:revoke', key, { conceal: true }), async (_req, res) => {
    const { auth, resource } = res.locals;
    await keys.revoke(resource.id, { reason: `revoked by ${auth.principal.id}` });
    res.status(204).end();
  });

  app.get('/api/routes', g.require('routes:read'), (_req, res) => {
    res.json({ routes: g.audit(app) });
  });

  app.use(function notFound() {
    throw new ApiProblem(404, 'not_found', 'There is nothing here.');
  });
  app.use(g.errors());
  app.use((error: { readonly status?: number }, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) return next(error);
    const { status = 500 } = error;
    if (status >= 500) console.error(error);
    const code = status >= 500 ? 'internal_error' : 'invalid_request';
    const outcome = guard.refuse({ code, status });
    res.status(status).set(Object.fromEntries(outcome.headers)).send(outcome.body);
  });
  g.assertClosed(app, { acknowledge: ['notFound'] });
  return app;
}

/** What is shown of a key: nothing here lets anyone in. */
function inPublic(key: ApiKey) {
  const { id, owner, name, scopes, rateLimit, createdAt, expiresAt, rotatedAt, graceExpiresAt, lastUsedAt } = key;
  const { revokedAt, revokedReason } = key;
  const times = { createdAt, expiresAt, rotatedAt, graceExpiresAt, lastUsedAt, revokedAt };
  return { id, owner, name, scopes, rateLimit, ...times, revokedReason };
}
