import { PassThrough, Readable } from 'node:stream';
import Router, { type RouterMiddleware } from '@koa/router';
import type { FrameworkHandlerContext, FrameworkRoute, MountFramework } from '@portcullis/conformance';
import type Koa from 'koa';
import { koaGuard } from '../src/index.js';

/** What every version of @koa/router exports, seen through the types of version 15. */
export type RouterModule = new () => Router;

type RouteContext = Koa.ParameterizedContext & { readonly params: Record<string, string> };

function contextOf(ctx: RouteContext, next: Koa.Next): FrameworkHandlerContext {
  return {
    x: ctx,
    method: ctx.method,
    id: ctx.params['id'],
    inline: ctx.state as FrameworkHandlerContext['inline'],
    setCookie: (field) => ctx.append('Set-Cookie', field),
    text(body) {
      ctx.body = body;
    },
    stream(chunks) {
      ctx.type = 'text/plain';
      ctx.body = Readable.from(chunks).pipe(new PassThrough());
    },
    raw(status, fields, body) {
      ctx.respond = false;
      ctx.res.writeHead(status, fields.flat()).end(body);
    },
    next,
  };
}

/** Mounts the suite's application. */
export function mountOn(KoaApp: new () => Koa, RouterClass: RouterModule = Router): MountFramework {
  return (spec) => {
    const app = new KoaApp();
    app.silent = true;
    const g = koaGuard(spec.guard, { trustProxy: spec.trustProxy });
    const add = (router: Router, { method, path, guard, handler, guardLast = false }: FrameworkRoute): void => {
      const handle = (ctx: RouteContext, next: Koa.Next): unknown => handler(contextOf(ctx, next));
      const guards = guard === undefined ? [] : [guard as typeof handle];
      const handlers = guardLast ? [handle, ...guards] : [...guards, handle];
      router[method](path, ...(handlers as unknown as RouterMiddleware[]));
    };

    app.use(function cors(ctx, next) {
      for (const [name, value] of spec.fields) ctx.append(name, value);
      return next();
    });
    if (spec.errors) app.use(g.errors());
    if (spec.closed) app.use(g.closed());
    const router = new RouterClass();
    for (const { path, guard } of spec.uses(g)) router.use(path, guard as Koa.Middleware);
    for (const route of spec.routes(g)) add(router, route);
    const nested = new RouterClass();
    for (const route of spec.nested(g)) add(nested, route);
    router.use('/nested', nested.routes() as Koa.Middleware);
    app.use(router.routes() as Koa.Middleware);
    app.use(router.allowedMethods() as Koa.Middleware);
    return { kit: g, app, listener: app.callback() };
  };
}
