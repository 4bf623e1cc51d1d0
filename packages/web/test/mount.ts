import { getRequestListener } from '@hono/node-server';
import type { FrameworkHandlerContext, FrameworkKit, FrameworkRoute, MountFramework } from '@portcullis/conformance';
import type { HeaderField, MaybePromise } from '@portcullis/core';
import { webGuard } from '../src/index.js';

type Handler = (request: Request) => MaybePromise<Response>;
type Context = { readonly request: Request; readonly params: Readonly<Record<string, unknown>> };
type Middleware = (handler: (context: Context, request: Request) => MaybePromise<Response>) => Handler;

const pairs = (fields: readonly HeaderField[]): [string, string][] => fields.map(([name, value]) => [name, value]);

function contextOf(context: Context): FrameworkHandlerContext {
  const headers = new Headers({ 'content-type': 'text/plain' });
  return {
    x: context.request,
    method: context.request.method,
    id: context.params['id'] as string | undefined,
    inline: context as FrameworkHandlerContext['inline'],
    setCookie: (field) => headers.append('set-cookie', field),
    text: (body) => new Response(body, { headers }),
    stream(chunks) {
      const bytes = chunks.map((chunk) => new TextEncoder().encode(chunk));
      return new Response(
        new ReadableStream({
          pull(controller) {
            const chunk = bytes.shift();
            if (chunk === undefined) controller.close();
            else controller.enqueue(chunk);
          },
        }),
      );
    },
    raw: (status, fields, body) => new Response(body, { status, headers: pairs(fields) }),
    next: () => new Response('Not Found', { status: 404 }),
  };
}

/** A route of the table: its key, and its handler with the guard around it. */
function rowOf({ method, path, guard, handler, guardLast = false }: FrameworkRoute, prefix = ''): [string, Handler] {
  const handle = (context: Context): MaybePromise<Response> => handler(contextOf(context)) as MaybePromise<Response>;
  const bare: Handler = (request) => handle({ request, params: {} });
  const guarded = (guard as Middleware | undefined)?.(handle) ?? bare;
  // A handler that asks the guard by itself states nothing to the table.
  const chosen: Handler = guardLast ? (request) => guarded(request) : guarded;
  return [`${method === 'all' ? '' : `${method.toUpperCase()} `}${prefix}${path}`, chosen];
}

/** Mounts the suite's application; middleware for a path is a guard around a table of its own. */
export const mount: MountFramework = (spec) => {
  const g = webGuard(spec.guard, {
    trustProxy: spec.trustProxy,
    address: (_request, peer) => (typeof peer === 'string' ? peer : undefined),
  });
  // What a table does by itself, with nothing to mount.
  const kit = { ...g, closed: () => undefined, errors: () => undefined } as unknown as FrameworkKit;
  const uses = spec.uses(kit);
  const routes = spec.routes(kit);
  const below = (path: string) => (route: FrameworkRoute) => route.path.startsWith(`${path}/`);
  const assets = (): Response => new Response('Not Found', { status: 404 });
  const app = g.fetch(
    {
      ...Object.fromEntries(
        routes.filter((route) => !uses.some(({ path }) => below(path)(route))).map((route) => rowOf(route)),
      ),
      ...Object.fromEntries(
        uses.map(({ path, guard }) => {
          const inner = g.fetch(Object.fromEntries(routes.filter(below(path)).map((route) => rowOf(route))));
          return [`${path}/*`, (guard as (handler: typeof inner) => Handler)(inner)];
        }),
      ),
      '/nested/*': g.fetch(Object.fromEntries(spec.nested(kit).map((route) => rowOf(route, '/nested')))),
    },
    { fallback: assets, onError: () => new Response('Internal Server Error', { status: 500 }) },
  );
  const listener = getRequestListener(async (request, env) => {
    const { incoming } = env as { incoming: { socket: { remoteAddress?: string } } };
    const response = await app(new Request(request), incoming.socket.remoteAddress);
    for (const [name, value] of spec.fields) response.headers.append(name, value);
    return response;
  });
  return { kit, app, listener };
};
