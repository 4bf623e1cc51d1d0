import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import Router from '@koa/router';
import type { Guard, Requirement, RouteEntry } from '@portcullis/core';
import { expressGuard } from '@portcullis/express';
import { fastifyGuard } from '@portcullis/fastify';
import { honoGuard } from '@portcullis/hono';
import { koaGuard } from '@portcullis/koa';
import { webGuard } from '@portcullis/web';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';

/** A route, and which guard stands before it. */
export interface AppRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly asks: Requirement;
}

/** An application, and what its adapter says of it. */
export interface App {
  readonly routes: readonly RouteEntry[];
  fetch(path: string, init: RequestInit): Promise<Response>;
  close(): Promise<unknown>;
}

interface Mounted {
  open(): unknown;
  optional(options: object): unknown;
  authenticated(options: object): unknown;
  require(...args: unknown[]): unknown;
  byParam(name: string, load: (value: string) => unknown): unknown;
}

/** A post is anybody's but `0`, which is not there. */
const find = (id: string): object | undefined => (id === '0' ? undefined : { id, authorId: 'ada' });

function guardOf(g: Mounted, { asks }: AppRoute): never {
  const { kind, ...options } = asks;
  if (kind !== 'permission') return g[kind as 'authenticated'](options) as never;
  const { permission, loads, ...rest } = options as Extract<Requirement, { kind: 'permission' }>;
  return (loads ? g.require(permission, g.byParam('id', find), rest) : g.require(permission, rest)) as never;
}

async function listen(listener: RequestListener, routes: readonly RouteEntry[]): Promise<App> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    routes,
    fetch: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

const inMemory = (routes: readonly RouteEntry[], handler: (request: Request) => unknown): App => ({
  routes,
  fetch: async (path, init) => (await handler(new Request(`http://127.0.0.1${path}`, init))) as Response,
  close: () => Promise.resolve(),
});

/** The same application in each framework. */
export const frameworks: Readonly<
  Record<string, (guard: Guard<never, never>, routes: readonly AppRoute[]) => Promise<App>>
> = {
  async express(guard, routes) {
    const g = expressGuard(guard);
    const app = express();
    app.use(g.closed());
    for (const route of routes) {
      app[route.method.toLowerCase() as 'get'](
        route.path,
        guardOf(g as never, route),
        (_req, res) => void res.json({}),
      );
    }
    app.use(g.errors());
    return listen(app, g.audit(app));
  },

  async koa(guard, routes) {
    const g = koaGuard(guard);
    const app = new Koa();
    const router = new Router();
    for (const route of routes) {
      router[route.method.toLowerCase() as 'get'](route.path, guardOf(g as never, route), (ctx) => {
        ctx.body = {};
      });
    }
    app.use(g.errors()).use(g.routes(router));
    return listen(app.callback(), g.audit(app));
  },

  async hono(guard, routes) {
    const g = honoGuard(guard);
    const app = new Hono();
    app.use(g.closed());
    for (const route of routes) app.on(route.method, route.path, guardOf(g as never, route), (c) => c.json({}));
    app.onError(g.errors());
    return inMemory(g.audit(app), (request) => app.fetch(request));
  },

  async fastify(guard, routes) {
    const g = fastifyGuard(guard);
    const app = fastify();
    app.addHook('onRoute', g.closed());
    app.setErrorHandler(g.errors());
    for (const { method, path, asks } of routes) {
      app.route({ method, url: path, onRequest: guardOf(g as never, { method, path, asks }), handler: () => ({}) });
    }
    await app.ready();
    return listen((req, res) => app.routing(req, res), g.audit(app));
  },

  async web(guard, routes) {
    const g = webGuard(guard);
    const app = g.fetch(
      Object.fromEntries(
        routes.map((route) => {
          const guarded = guardOf(g as never, route) as (handler: () => Response) => () => Response;
          return [`${route.method} ${route.path}`, guarded(() => Response.json({}))];
        }),
      ),
    );
    return inMemory(g.audit(app), (request) => app(request));
  },
};
