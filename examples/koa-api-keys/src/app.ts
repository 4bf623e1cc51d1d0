import type { RequestListener } from 'node:http';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import type { ApiKey } from '@portcullis/api-key';
import { koaGuard } from '@portcullis/koa';
import Koa, { type Context, type Next } from 'koa';
import { type Auth, isWithin, permissionsOf } from './auth.js';
import type { Posts } from './data.js';
import { ApiProblem, expiryOf, hasJson, KeyPage, NewKey, NewPost, parse, PostPage, Rotation } from './input.js';

const json = bodyParser({ enableTypes: ['json'], jsonLimit: '64kb', detectJSON: ({ req }) => hasJson(req) });

/** Puts the service together. Throws when a route states no requirement: such a service does not start. */
export function createApp({ guard, keys }: Auth, posts: Posts): RequestListener {
  const g = koaGuard(guard);
  const post = g.byParam('id', posts.find);
  const key = g.byParam('id', (id) => keys.get(id));
  const router = new Router();

  router.get('/health', g.open(), (ctx) => {
    ctx.body = { status: 'ok' };
  });

  router.get('/api/me', g.authenticated(), (ctx) => {
    const { auth } = ctx.state;
    ctx.body = { principal: auth.principal, credential: auth.credential, permissions: permissionsOf(auth) };
  });

  router.get('/api/posts', g.require('posts:read'), (ctx) => {
    const { cursor, limit } = parse(PostPage, ctx.query);
    const found = posts.list({ before: cursor, limit });
    ctx.body = { posts: found, cursor: found.length === limit ? found.at(-1)?.id : undefined };
  });

  router.get('/api/posts/:id', g.require('posts:read', post), (ctx) => {
    ctx.body = ctx.state.resource;
  });

  // The body is read behind the guard: nobody's is before it is known who they are.
  router.post('/api/posts', g.require('posts:create'), json, (ctx) => {
    const { title, body } = parse(NewPost, ctx.request.body);
    ctx.status = 201;
    ctx.body = posts.create({ authorId: ctx.state.auth.principal.id, title, body });
  });

  // The rule of posts:delete sees the post before this handler does.
  router.delete('/api/posts/:id', g.require('posts:delete', post), (ctx) => {
    posts.delete(ctx.state.resource.id);
    ctx.status = 204;
  });

  router.get('/api/keys', g.require('keys:read'), async (ctx) => {
    const page = await keys.list({ owner: ctx.state.auth.principal.id, ...parse(KeyPage, ctx.query) });
    ctx.body = { keys: page.items.map(inPublic), cursor: page.cursor };
  });

  router.post('/api/keys', g.require('keys:create'), json, async (ctx) => {
    const { principal, credential } = ctx.state.auth;
    const { name, scopes = credential.scopes, expiresInDays, rateLimit } = parse(NewKey, ctx.request.body);
    if (!isWithin(credential.scopes, scopes)) {
      throw new ApiProblem(403, 'scope_exceeded', 'scopes: a key cannot make one that may do more than itself.');
    }
    const { response } = g.exchange(ctx);
    const settings = { owner: principal.id, name, scopes, expiresAt: expiryOf(expiresInDays), rateLimit };
    const issued = await keys.create(settings, { response });
    ctx.status = 201;
    ctx.body = { key: issued.key.reveal(), ...inPublic(issued.record) };
  });

  // Another's key answers 404, so that ids cannot be tried out.
  router.post('/api/keys/:id/rotate', g.require('keys:rotate', key, { conceal: true }), json, async (ctx) => {
    const { graceSeconds } = parse(Rotation, ctx.request.body);
    const { id, owner } = ctx.state.resource;
    const { response } = g.exchange(ctx);
    const issued = await keys.rotate(id, { owner, graceMs: graceSeconds * 1000, response });
    ctx.body = { key: issued.key.reveal(), ...inPublic(issued.record) };
  });

  router.delete('/api/keys/:id', g.require('keys:revoke', key, { conceal: true }), async (ctx) => {
    const { auth, resource } = ctx.state;
    await keys.revoke(resource.id, { reason: `revoked by ${auth.principal.id}` });
    ctx.status = 204;
  });

  router.get('/api/routes', g.require('routes:read'), (ctx) => {
    ctx.body = { routes: g.audit(app) };
  });

  const app = new Koa();
  app.use(async function problems(ctx: Context, next: Next) {
    let status: number;
    try {
      await next();
      // What Koa answers with a status alone: there is no such route.
      if (ctx.status < 400 || ctx.body) return;
      ({ status } = ctx);
    } catch (error) {
      ({ status = 500 } = error as { readonly status?: number });
      if (status >= 500) console.error(error);
    }
    const code = status >= 500 ? 'internal_error' : status === 404 ? 'not_found' : 'invalid_request';
    const outcome = guard.refuse({ code, status });
    ctx.set(Object.fromEntries(outcome.headers));
    ctx.status = status;
    ctx.body = outcome.body;
  });
  app.use(g.errors());
  app.use(g.routes(router));
  g.assertClosed(app, { acknowledge: ['problems'] });
  return app.callback();
}

/** What is shown of a key: nothing here lets anyone in. */
function inPublic(key: ApiKey) {
  const { id, owner, name, scopes, rateLimit, createdAt, expiresAt, rotatedAt, graceExpiresAt, lastUsedAt } = key;
  const { revokedAt, revokedReason } = key;
  const times = { createdAt, expiresAt, rotatedAt, graceExpiresAt, lastUsedAt, revokedAt };
  return { id, owner, name, scopes, rateLimit, ...times, revokedReason };
}
