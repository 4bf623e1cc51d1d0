import { getRequestListener } from '@hono/node-server';
import type { FrameworkHandlerContext, FrameworkRoute, MountFramework } from '@portcullis/conformance';
import { type Context, Hono, type MiddlewareHandler, type Next } from 'hono';
import { stream } from 'hono/streaming';
import { honoGuard } from '../src/index.js';

function contextOf(c: Context, next: Next): FrameworkHandlerContext {
  return {
    x: c,
    method: c.req.method,
    id: c.req.param('id'),
    inline: c.var,
    setCookie: (field) => c.header('Set-Cookie', field, { append: true }),
    text: (body) => c.text(body),
    stream: (chunks) =>
      stream(c, async (out) => {
        for (const chunk of chunks) await out.write(chunk);
      }),
    raw: (status, fields, body) =>
      new Response(body, { status, headers: fields.map(([name, value]): [string, string] => [name, value]) }),
    next,
  };
}

/** Mounts the suite's application; `listen` turns it into a Node listener. */
export function mountOn(listen: (app: Hono) => ReturnType<typeof getRequestListener>): MountFramework {
  return (spec) => {
    const app = new Hono();
    const g = honoGuard(spec.guard, { trustProxy: spec.trustProxy });
    const add = (router: Hono, { method, path, guard, handler, guardLast = false }: FrameworkRoute): void => {
      const handle = ((c) => handler(contextOf(c, () => Promise.resolve()))) as MiddlewareHandler;
      // A handler that goes on needs Hono's own next, and one parameter more, by which it counts as middleware for ALL.
      const falls = ((c, next) => handler(contextOf(c, next))) as MiddlewareHandler;
      const chosen = method === 'all' ? handle : falls;
      const guards = guard === undefined ? [] : [guard as MiddlewareHandler];
      router.on(method === 'all' ? 'ALL' : method, [path], ...(guardLast ? [chosen, ...guards] : [...guards, chosen]));
    };

    app.use(async function cors(c, next) {
      for (const [name, value] of spec.fields) c.header(name, value);
      await next();
    });
    if (spec.closed) app.use(g.closed());
    for (const { path, guard } of spec.uses(g)) app.use(`${path}/*`, guard as MiddlewareHandler);
    for (const route of spec.routes(g)) add(app, route);
    const nested = new Hono();
    for (const route of spec.nested(g)) add(nested, route);
    app.route('/nested', nested);
    const silent = (_error: Error, c: Context): Response => c.text('Internal Server Error', 500);
    app.onError(spec.errors ? g.errors(silent) : silent);
    return { kit: g, app, listener: listen(app) };
  };
}

/** The usual way: the streams below are there as `c.env.incoming` and `c.env.outgoing`. */
export const onNode = (app: Hono): ReturnType<typeof getRequestListener> => getRequestListener(app.fetch);

/** As on a web runtime: the application sees a `Request` and nothing of Node. */
export const onWeb = (app: Hono): ReturnType<typeof getRequestListener> =>
  getRequestListener((request) => app.fetch(new Request(request)));
