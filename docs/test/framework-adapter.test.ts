import { frameworkSuite, type FrameworkRoute } from '@portcullis/conformance';
import { tinyGuard } from '../snippets/guide/tiny-adapter.js';
import { tiny, type Next, type TinyContext, type TinyHandler } from '../snippets/guide/tiny-framework.js';

// #region suite
frameworkSuite({
  name: 'tinyGuard',
  mount(spec) {
    const app = tiny();
    const g = tinyGuard(spec.guard, { trustProxy: spec.trustProxy });
    app.use('/', function cors({ res }, next) {
      for (const [name, value] of spec.fields) res.appendHeader(name, value);
      return next();
    });
    if (spec.closed) app.beforeRoute = g.closed();
    if (spec.errors) app.onError = g.errors();
    for (const { path, guard } of spec.uses(g)) app.use(path, guard as TinyHandler);
    for (const route of spec.routes(g)) app.on(...rowOf(route));
    for (const route of spec.nested(g)) app.on(...rowOf(route, '/nested'));
    return { kit: g, app, listener: app.listener };
  },
});
// #endregion suite

function rowOf(
  { method, path, guard, handler, guardLast = false }: FrameworkRoute,
  prefix = '',
): [method: string, path: string, ...handlers: TinyHandler[]] {
  const handle: TinyHandler = (ctx, next) => handler(contextOf(ctx, next));
  const guards = guard === undefined ? [] : [guard as TinyHandler];
  return [
    method === 'all' ? '*' : method.toUpperCase(),
    `${prefix}${path}`,
    ...(guardLast ? [handle, ...guards] : [...guards, handle]),
  ];
}

function contextOf(ctx: TinyContext, next: Next) {
  const { req, res, params, state } = ctx;
  return {
    x: ctx,
    method: req.method ?? '',
    id: params['id'],
    inline: state,
    setCookie: (field: string) => void res.appendHeader('set-cookie', field),
    text: (body: string) => void res.setHeader('content-type', 'text/plain').end(body),
    stream(chunks: readonly string[]) {
      for (const chunk of chunks) res.write(chunk);
      res.end();
    },
    raw: (status: number, fields: readonly (readonly [string, string])[], body: string) =>
      void res.writeHead(status, 'Made By Hand', fields.flat()).end(body),
    next,
  };
}
