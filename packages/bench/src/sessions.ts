import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { betterAuth } from 'better-auth';
import { createMemoryStorage, type Storage } from '@portcullis/core';
import { createSessions } from '@portcullis/session';
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { RedisStore } from 'connect-redis';
import { parseCookie } from 'cookie';
import { sign } from 'cookie-signature';
import expressSession from 'express-session';
import Fastify from 'fastify';
import { getIronSession, sealData } from 'iron-session';
import { createClient } from 'redis';
import { type Contender, duel, fresh } from './duel.js';
import { PlainRequest } from './plain-request.js';

const secret = 'k'.repeat(43);
const count = 1000;
const extra = 'theme=dark; locale=en-GB; consent=yes; ';

/** `count` sessions, and the cookie headers that open them. */
async function portcullis(storage: Storage) {
  const sessions = createSessions({ storage, csrf: { origins: ['https://app.example.org'] } });
  const cookies: string[] = [];
  const request = new PlainRequest({ 'sec-fetch-site': 'same-origin' });
  for (let i = 0; i < count; i++) {
    await sessions.signIn(
      {
        request,
        response: {
          append: (name, value) => void (name === 'set-cookie' && cookies.push(extra + value.split(';')[0])),
        },
      },
      { user: `user-${i}` },
    );
  }
  const authenticator = sessions.authenticator();
  return {
    cookies,
    read: (cookie: string) => authenticator.authenticate(new PlainRequest({ cookie })),
    close: () => sessions.close(),
  };
}

function line(
  name: string,
  cookies: readonly string[],
  read: (cookie: string) => unknown,
  more: Partial<Contender> = {},
): Contender {
  const next = fresh(cookies);
  return { name, run: () => read(next()), ...more };
}

const authenticated = (result: unknown): boolean => (result as { outcome?: string }).outcome === 'authenticated';

/** One cycle of an express middleware: what it costs to get `req.session` and to end the response. */
function express(middleware: (req: never, res: never, next: () => void) => void) {
  return (cookie: string): Promise<boolean> =>
    new Promise((resolve) => {
      const req = new IncomingMessage(new Socket());
      Object.assign(req, { method: 'GET', url: '/', originalUrl: '/', headers: { cookie } });
      const res = new ServerResponse(req);
      middleware(req as never, res as never, () => {
        const found = (req as unknown as { session: { user?: string } }).session.user !== undefined;
        res.end();
        resolve(found);
      });
    });
}

async function memory(): Promise<void> {
  const ours = await portcullis(createMemoryStorage());
  const values = ours.cookies.map((cookie) => cookie.slice(cookie.lastIndexOf('=') + 1));
  const map = new Map(values.map((value, i) => [value, { user: `user-${i}` }]));
  const limit = line(
    'limit: parseCookie of cookie + Map.get (no hash)',
    ours.cookies,
    (cookie) => map.get(parseCookie(cookie)['__Host-sid'] as string),
    { limit: true },
  );

  const store = new expressSession.MemoryStore();
  const session = {
    cookie: { originalMaxAge: 864e5, expires: new Date(Date.now() + 864e5), httpOnly: true, path: '/' },
    user: 'user-1',
  };
  for (const value of values) store.set(value, session as never);
  const expressCookies = values.map((value) => `${extra}connect.sid=${encodeURIComponent(`s:${sign(value, secret)}`)}`);
  const expressRead = express(
    expressSession({ secret, resave: false, saveUninitialized: false, store, cookie: { maxAge: 864e5 } }) as never,
  );

  const sealed = await sealData({ user: 'user-1' }, { password: secret, ttl: 0 });
  const iron = async (cookie: string): Promise<unknown> => {
    const req = Object.assign(new IncomingMessage(new Socket()), { headers: { cookie } });
    return (
      await getIronSession<{ user?: string }>(req, new ServerResponse(req), {
        password: secret,
        cookieName: 'iron',
        ttl: 0,
      })
    ).user;
  };

  const app = Fastify();
  const fastifyStore = new fastifySession.MemoryStore();
  for (const value of values) fastifyStore.set(value, session as never, () => {});
  await app.register(fastifyCookie);
  await app.register(fastifySession, {
    secret,
    store: fastifyStore,
    cookie: { secure: false, maxAge: 864e5 },
    saveUninitialized: false,
    rolling: false,
  });
  app.get('/', (request) => ({ user: (request.session as unknown as { user?: string }).user }));
  const signer = new fastifyCookie.Signer(secret);
  const fastifyCookies = values.map((value) => `${extra}sessionId=${signer.sign(value)}`);

  await duel(`session read, memory (${count} sessions, 4 cookies, fresh header strings)`, [
    limit,
    line('portcullis, id hashed', ours.cookies, ours.read, {
      goal: 1.7,
      check: async () => authenticated(await ours.read(ours.cookies[5] as string)),
    }),
    line('express-session MemoryStore, full cycle', expressCookies, expressRead, {
      check: () => expressRead(expressCookies[5] as string),
    }),
    line('fastify.inject + @fastify/session', fastifyCookies, (cookie) =>
      app.inject({ url: '/', headers: { cookie } }),
    ),
    line('iron-session (unseal)', [`${extra}iron=${sealed}`], iron, {
      check: async () => (await iron(`iron=${sealed}`)) === 'user-1',
    }),
  ]);
  await ours.close();
}

async function redis(): Promise<void> {
  const { createRedisStorage } = await import('@portcullis/storage-redis');
  const client = createClient({ url: 'redis://127.0.0.1:6379', socket: { reconnectStrategy: false } });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch {
    console.log('\nsession read, Redis: skipped, nothing answers on port 6379');
    return;
  }
  const ours = await portcullis(createRedisStorage(client, { prefix: 'bench:' }));
  const values = ours.cookies.map((cookie) => cookie.slice(cookie.lastIndexOf('=') + 1));
  const bare = JSON.stringify({ user: 'user-1', data: {}, createdAt: Date.now(), expiresAt: Date.now() + 864e5 });
  for (const value of values) await client.set(`bench-bare:${value}`, bare);
  const store = new RedisStore({ client, prefix: 'bench-express:' });
  const session = {
    cookie: { originalMaxAge: 864e5, expires: new Date(Date.now() + 864e5), httpOnly: true, path: '/' },
    user: 'user-1',
  };
  for (const value of values) await store.set(value, session as never);
  const expressCookies = values.map((value) => `${extra}connect.sid=${encodeURIComponent(`s:${sign(value, secret)}`)}`);
  const expressRead = express(
    expressSession({
      secret,
      resave: false,
      saveUninitialized: false,
      store: store as never,
      cookie: { maxAge: 864e5 },
    }) as never,
  );

  await duel('session read, Redis on loopback (node-redis)', [
    line(
      "limit: the client's own GET + JSON.parse",
      values,
      async (value) => JSON.parse((await client.get(`bench-bare:${value}`)) ?? ''),
      { limit: true },
    ),
    line('portcullis', ours.cookies, ours.read, {
      goal: 1.25,
      check: async () => authenticated(await ours.read(ours.cookies[5] as string)),
    }),
    line('express-session + connect-redis', expressCookies, expressRead, {
      check: () => expressRead(expressCookies[5] as string),
    }),
  ]);
  await ours.close();
  for (const pattern of ['bench:*', 'bench-bare:*', 'bench-express:*']) {
    for await (const keys of client.scanIterator({ MATCH: pattern, COUNT: 1000 }))
      if (keys.length > 0) await client.del(keys);
  }
  await client.close();
}

async function betterAuthSessions(): Promise<void> {
  process.env['BETTER_AUTH_TELEMETRY'] = '0';
  const auth = betterAuth({
    baseURL: 'http://127.0.0.1:3000',
    secret: 'x'.repeat(40),
    telemetry: { enabled: false },
    logger: { disabled: true },
    rateLimit: { enabled: false },
    emailAndPassword: { enabled: true },
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  });
  const { headers } = await auth.api.signUpEmail({
    body: { email: 'a@example.com', password: 'correct horse battery', name: 'A' },
    returnHeaders: true,
  });
  const cookie = headers
    .getSetCookie()
    .map((field) => field.split(';')[0])
    .join('; ');
  const read = async (text: string): Promise<unknown> =>
    auth.api.getSession({ headers: new Headers({ cookie: text }) });
  const map = new Map([[cookie, {}]]);
  await duel('session read, better-auth (memory adapter, 1 session)', [
    line('limit: parse the cookies + Map.get', [cookie], (text) => [map.get(text), parseCookie(text)], {
      limit: true,
    }),
    line('better-auth getSession', [cookie], read, { check: async () => Boolean(await read(cookie)) }),
  ]);
}

export async function sessions(): Promise<void> {
  await memory();
  await redis();
  // Last: it turns on AsyncLocalStorage for the whole process.
  await betterAuthSessions();
}
