import type { RequestListener } from 'node:http';
import Router from '@koa/router';
import { koaGuard } from '@portcullis/koa';
import Koa from 'koa';
import type { Auth } from './auth.js';

const reports = [
  { id: 'posts-per-author', rows: { ada: 2, grace: 2 } },
  { id: 'posts-per-month', rows: { january: 3, february: 1 } },
];

/** Puts the service together. Throws when a route states no requirement: such a service does not start. */
export function createApp({ guard }: Pick<Auth, 'guard'>): RequestListener {
  const g = koaGuard(guard);
  const router = new Router();

  router.get('/health', g.open(), (ctx) => {
    ctx.body = { status: 'ok' };
  });

  router.get('/api/reports', g.require('reports:read'), (ctx) => {
    ctx.body = { reader: ctx.state.auth.principal.id, reports };
  });

  const app = new Koa();
  app.use(g.errors());
  app.use(g.routes(router));
  g.assertClosed(app);
  return app.callback();
}
