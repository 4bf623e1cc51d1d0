import { METHODS } from 'node:http';
import { Readable } from 'node:stream';
import type { FrameworkHandlerContext, FrameworkRoute, MountFramework } from '@portcullis/conformance';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods, onRequestHookHandler } from 'fastify';
import { fastifyGuard } from '../src/index.js';

/** What both versions export, seen through the types of version 5. */
export type FastifyModule = (options?: object) => FastifyInstance;

function contextOf(request: FastifyRequest, reply: FastifyReply): FrameworkHandlerContext {
  return {
    x: request,
    method: request.method,
    id: (request.params as Record<string, string | undefined>)['id'],
    inline: request as FrameworkHandlerContext['inline'],
    setCookie: (field) => reply.header('set-cookie', field),
    text: (body) => reply.send(body),
    stream: (chunks) => reply.type('text/plain').send(Readable.from(chunks)),
    raw(status, fields, body) {
      reply.hijack();
      reply.raw.writeHead(status, fields.flat()).end(body);
      return reply;
    },
    next: () => reply.callNotFound(),
  };
}

/** Mounts the suite's application. Middleware for a path is a hook of a scope with that prefix. */
export function mountOn(fastify: FastifyModule): MountFramework {
  return async (spec) => {
    const app = fastify();
    // Version 4 cannot be taught more methods than it knows.
    if ('addHttpMethod' in app)
      for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
    const g = fastifyGuard(spec.guard, { trustProxy: spec.trustProxy });
    const add = (scope: FastifyInstance, { method, path, guard, handler, guardLast = false }: FrameworkRoute): void => {
      const handle = (request: FastifyRequest, reply: FastifyReply): unknown => handler(contextOf(request, reply));
      // What runs before the handler and is no guard: the closest that Fastify has to a guard that comes too late.
      const early: onRequestHookHandler = (_request, _reply, done) => done();
      const guards = guard === undefined ? [] : [guard as onRequestHookHandler];
      const onRequest = guardLast ? [early, ...guards] : guards;
      if (method === 'all') scope.all(path, { onRequest }, handle);
      else scope.route({ method: method.toUpperCase() as HTTPMethods, url: path, onRequest, handler: handle });
    };

    app.addHook('onRequest', function cors(_request, reply, done) {
      for (const [name, value] of spec.fields) reply.header(name, value);
      done();
    });
    if (spec.closed) app.addHook('onRoute', g.closed());
    if (spec.errors) app.setErrorHandler(g.errors());
    const uses = spec.uses(g);
    const routes = spec.routes(g);
    const within = (path: string) => (route: FrameworkRoute) => route.path.startsWith(`${path}/`);
    for (const { path, guard } of uses) {
      await app.register(
        async (scope) => {
          scope.addHook('onRequest', guard as onRequestHookHandler);
          for (const route of routes.filter(within(path)))
            add(scope, { ...route, path: route.path.slice(path.length) });
        },
        { prefix: path },
      );
    }
    for (const route of routes) if (!uses.some(({ path }) => within(path)(route))) add(app, route);
    await app.register(
      async (scope) => {
        for (const route of spec.nested(g)) add(scope, route);
      },
      { prefix: '/nested' },
    );
    await app.ready();
    return { kit: g, app, listener: (req, res) => app.server.emit('request', req, res) };
  };
}
