/** One server of the `requests` group: `request-server.ts <framework>:<variant>`. Tells its port, then its CPU when asked. */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import Router from '@koa/router';
import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage, createPolicy } from '@portcullis/core';
import { expressGuard } from '@portcullis/express';
import { honoGuard } from '@portcullis/hono';
import { koaGuard } from '@portcullis/koa';
import express from 'express';
import { Hono } from 'hono';
import Koa from 'koa';
import passport from 'passport';
import { HeaderAPIKeyStrategy } from 'passport-headerapikey';

const [framework = '', variant = ''] = (process.argv[2] ?? '').split(':');
const body = (id: string) => ({ hello: 'world', id, items: [1, 2, 3] });

const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: 'unlimited' });
const plain: string[] = [];
for (let i = 0; i < 1000; i++) plain.push((await keys.create({ owner: `user-${i}`, name: 'bench' })).key.reveal());
const headers = { 'x-api-key': plain[500] as string };

const guard = createGuard({
  authenticators: [keys.authenticator()],
  policy: createPolicy({ permissions: ['hello:read'], roles: { user: ['hello:read'] } }),
  roles: () => ['user'],
});

function expressServer(): Server {
  const app = express().disable('x-powered-by');
  if (variant === 'portcullis-key') {
    const g = expressGuard(guard);
    app.get('/', g.require('hello:read'), (req, res) => void res.json(body(g.auth(req).principal.id)));
  } else if (variant === 'passport-headerapikey') {
    const byHash = new Map(
      plain.map((key, i) => [createHash('sha256').update(key).digest('hex'), { id: `user-${i}` }]),
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
  } else {
    app.get('/', (_req, res) => void res.json(body('anonymous')));
  }
  return createServer(app);
}

function koaServer(): Server {
  const app = new Koa();
  const router = new Router();
  if (variant === 'portcullis-key') {
    const g = koaGuard(guard);
    router.get('/', g.require('hello:read'), (ctx) => {
      ctx.body = body(g.auth(ctx).principal.id);
    });
  } else {
    router.get('/', (ctx) => {
      ctx.body = body('anonymous');
    });
  }
  app.use(router.routes());
  return createServer(app.callback());
}

function honoServer(): Server {
  const app = new Hono();
  if (variant === 'portcullis-key') {
    const g = honoGuard(guard);
    app.get('/', g.require('hello:read'), (c) => c.json(body(g.auth(c).principal.id)));
  } else {
    app.get('/', (c) => c.json(body('anonymous')));
  }
  return createAdaptorServer({ fetch: app.fetch }) as Server;
}

const makers: Readonly<Record<string, () => Server>> = { express: expressServer, koa: koaServer, hono: honoServer };
const server = makers[framework]?.();
if (server === undefined) throw new Error(`There is no framework "${framework}".`);
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port, headers }));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
process.on('disconnect', () => process.exit(0));
