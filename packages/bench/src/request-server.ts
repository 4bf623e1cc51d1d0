/**
 * One server of the `requests` group: `request-server.ts <framework>:<variant>`. Tells its port and the header fields of a
 * good and a bad request, then its CPU when asked.
 *
 * `bare` is the route alone, `middleware` has one function before it that only calls `next`, and `key`, `jwt` and
 * `session` a guard. All answer the same body and the same fields.
 */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, getRequestListener } from '@hono/node-server';
import Router from '@koa/router';
import { expressGuard } from '@portcullis/express';
import { fastifyGuard } from '@portcullis/fastify';
import { honoGuard } from '@portcullis/hono';
import { koaGuard } from '@portcullis/koa';
import { webGuard } from '@portcullis/web';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import passport from 'passport';
import { HeaderAPIKeyStrategy } from 'passport-headerapikey';
import { guardOf, jwtCredential, keyCredential, sessionCredential, user } from './request-credentials.js';

const [framework = '', variant = ''] = (process.argv[2] ?? '').split(':');
const body = (id: string) => ({ hello: 'world', id, items: [1, 2, 3] });

const keys = await keyCredential();
const credential =
  variant === 'portcullis-jwt'
    ? await jwtCredential()
    : variant === 'portcullis-session'
      ? await sessionCredential()
      : keys;
const guard = variant.startsWith('portcullis') ? guardOf(credential) : undefined;

function expressServer(): Server {
  const app = express().disable('x-powered-by');
  if (guard !== undefined) {
    const g = expressGuard(guard);
    app.get('/', g.require('hello:read'), (req, res) => void res.json(body(g.auth(req).principal.id)));
  } else if (variant === 'passport-headerapikey') {
    const byHash = new Map(
      keys.all.map((key, i) => [createHash('sha256').update(key).digest('hex'), { id: `user-${i}` }]),
    );
    passport.use(
      new HeaderAPIKeyStrategy(
        { header: 'X-Api-Key', prefix: '' },
        false,
        (key: string, done: (error: null, user: object | false) => void) =>
          done(null, byHash.get(createHash('sha256').update(key).digest('hex')) ?? false),
      ),
    );
    app.get(
      '/',
      passport.authenticate('headerapikey', { session: false }),
      (req, res) => void res.json(body((req.user as { id: string }).id)),
    );
  } else if (variant === 'middleware') {
    app.get(
      '/',
      (_req, _res, next) => next(),
      (_req, res) => void res.json(body(user)),
    );
  } else {
    app.get('/', (_req, res) => void res.json(body(user)));
  }
  return createServer(app);
}

function koaServer(): Server {
  const app = new Koa();
  const router = new Router();
  if (guard !== undefined) {
    const g = koaGuard(guard);
    router.get('/', g.require('hello:read'), (ctx) => {
      ctx.body = body(g.auth(ctx).principal.id);
    });
  } else {
    if (variant === 'middleware') router.get('/', (_ctx, next) => next());
    router.get('/', (ctx) => {
      ctx.body = body(user);
    });
  }
  app.use(router.routes());
  return createServer(app.callback());
}

function honoServer(): Server {
  const app = new Hono();
  if (guard !== undefined) {
    const g = honoGuard(guard);
    app.get('/', g.require('hello:read'), (c) => c.json(body(g.auth(c).principal.id)));
  } else {
    if (variant === 'middleware') app.get('/', (_c, next) => next());
    app.get('/', (c) => c.json(body(user)));
  }
  return createAdaptorServer({ fetch: app.fetch }) as Server;
}

async function fastifyServer(): Promise<Server> {
  const app = fastify();
  if (guard !== undefined) {
    const g = fastifyGuard(guard);
    app.get('/', { onRequest: g.require('hello:read') }, (request) => body(g.auth(request).principal.id));
  } else {
    const onRequest = (_request: unknown, _reply: unknown, done: () => void): void => done();
    app.get('/', variant === 'middleware' ? { onRequest } : {}, () => body(user));
  }
  await app.ready();
  return createServer((req, res) => app.routing(req, res));
}

/** A handler without a router: a table would be compared with nothing. `middleware` is a function around it. */
function webServer(): Server {
  const answer = (id: string): Response => Response.json(body(id));
  const bare = (_request: Request): Response | Promise<Response> => answer(user);
  const fetch =
    guard === undefined
      ? variant === 'middleware'
        ? async (request: Request) => bare(request)
        : bare
      : webGuard(guard).require('hello:read')(({ auth }) => answer(auth.principal.id));
  return createServer(getRequestListener((request) => fetch(request)));
}

const makers: Readonly<Record<string, () => Server | Promise<Server>>> = {
  express: expressServer,
  koa: koaServer,
  hono: honoServer,
  fastify: fastifyServer,
  web: webServer,
};
const server = await makers[framework]?.();
if (server === undefined) throw new Error(`There is no framework "${framework}".`);
const { good, bad } = credential;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port, good, bad }));
process.on('message', () => {
  const { user: own, system } = process.cpuUsage();
  process.send?.(own + system);
});
process.on('disconnect', () => process.exit(0));
