import type { RequestListener } from 'node:http';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import { koaGuard } from '@portcullis/koa';
import Koa from 'koa';
import type { Auth } from './auth.js';
import { accountPage, pageHeaders, signInPage } from './pages.js';

const form = bodyParser({ enableTypes: ['form'], formLimit: '8kb' });

/** Puts the service together. Throws when a route states no requirement: such a service does not start. */
export function createApp({ guard, sessions, signIn }: Auth): RequestListener {
  const g = koaGuard(guard);
  const router = new Router();

  router.get('/health', g.open(), (ctx) => {
    ctx.body = { status: 'ok' };
  });

  router.get('/', g.optional(), async (ctx) => {
    const { auth } = ctx.state;
    ctx.set(pageHeaders);
    if (auth === undefined) return void (ctx.body = signInPage());
    const { items } = await sessions.list(auth.principal.id);
    ctx.body = accountPage(auth.principal.id, items, auth.credential.id);
  });

  router.post('/sign-in', g.open(), form, async (ctx) => {
    const refused = await signIn(g.exchange(ctx), ctx.request.body);
    if (refused === undefined) return seeOther(ctx, '/');
    ctx.status = refused.status;
    ctx.set({ ...Object.fromEntries(refused.headers), ...pageHeaders });
    ctx.body = signInPage(refused.message);
  });

  // Another's session is not found: its id alone ends nothing.
  router.post('/sessions/:id/revoke', g.require('sessions:revoke'), async (ctx) => {
    await sessions.revoke(ctx.params['id'] ?? '', { user: ctx.state.auth.principal.id });
    seeOther(ctx, '/');
  });

  router.post('/sign-out', g.optional(), async (ctx) => {
    await sessions.signOut(g.exchange(ctx));
    seeOther(ctx, '/');
  });

  const app = new Koa();
  app.use(g.errors());
  app.use(g.routes(router));
  g.assertClosed(app);
  return app.callback();
}

/** After a POST, a page to look at: reloading that sends nothing again. */
function seeOther(ctx: Pick<Koa.Context, 'status' | 'redirect'>, path: string): void {
  ctx.status = 303;
  ctx.redirect(path);
}
