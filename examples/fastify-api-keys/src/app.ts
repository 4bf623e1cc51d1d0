import type { RequestListener } from 'node:http';
import type { ApiKey } from '@portcullis/api-key';
import { fastifyGuard } from '@portcullis/fastify';
import fastify, { type FastifyReply } from 'fastify';
import { type Auth, isWithin, permissionsOf } from './auth.js';
import type { Posts } from './data.js';
import { ApiProblem, expiryOf, hasJson, KeyPage, NewKey, NewPost, parse, PostPage, Rotation } from './input.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the guard has loaded. A permission without a rule has no type for it. */
    readonly resource?: unknown;
  }
}

interface ById {
  Params: { id: string };
}

/** Puts the service together. Throws when a route states no requirement: such a service does not start. */
export function createApp({ guard, keys }: Auth, posts: Posts): RequestListener {
  const g = fastifyGuard(guard);
  const post = g.byParam('id', posts.find);
  const key = g.byParam('id', (id) => keys.get(id));

  function answer(error: { readonly statusCode?: number }, reply: FastifyReply) {
    const { statusCode: status = 500 } = error;
    if (status >= 500) console.error(error);
    const code = status >= 500 ? 'internal_error' : 'invalid_request';
    const outcome = guard.refuse({ code, status });
    return reply.code(status).headers(Object.fromEntries(outcome.headers)).send(outcome.body);
  }

  const app = fastify({ bodyLimit: 65_536, frameworkErrors: (error, _request, reply) => void answer(error, reply) });
  app.setErrorHandler(g.errors((error, _request, reply) => answer(error, reply as FastifyReply)));
  app.setNotFoundHandler(() => {
    throw new ApiProblem(404, 'not_found', 'There is nothing here.');
  });
  // Guards decide before the body is read: nobody's is before it is known who they are.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    '*',
    { parseAs: 'string' },
    async ({ raw }: { raw: Parameters<typeof hasJson>[0] }, body: string) => {
      if (!hasJson(raw)) return undefined;
      try {
        return JSON.parse(body) as unknown;
      } catch {
        throw new ApiProblem(400, 'malformed_body', 'The body is not JSON.');
      }
    },
  );
  app.addHook('onRoute', g.closed());

  app.get('/health', { onRequest: g.open() }, () => ({ status: 'ok' }));

  app.get('/api/me', { onRequest: g.authenticated() }, (request) => {
    const auth = g.auth(request);
    return { principal: auth.principal, credential: auth.credential, permissions: permissionsOf(auth) };
  });

  app.get('/api/posts', { onRequest: g.require('posts:read') }, (request) => {
    const { cursor, limit } = parse(PostPage, request.query);
    const found = posts.list({ before: cursor, limit });
    return { posts: found, cursor: found.length === limit ? found.at(-1)?.id : undefined };
  });

  app.get('/api/posts/:id', { onRequest: g.require('posts:read', post) }, ({ resource }) => resource);

  app.post('/api/posts', { onRequest: g.require('posts:create') }, (request, reply) => {
    const { title, body } = parse(NewPost, request.body);
    return reply.code(201).send(posts.create({ authorId: g.auth(request).principal.id, title, body }));
  });

  // The rule of posts:delete sees the post before this handler does.
  app.delete('/api/posts/:id', { onRequest: g.require('posts:delete', post) }, (request, reply) => {
    posts.delete(g.resource(request, 'posts:delete').id);
    return reply.code(204).send();
  });

  app.get('/api/keys', { onRequest: g.require('keys:read') }, async (request) => {
    const page = await keys.list({ owner: g.auth(request).principal.id, ...parse(KeyPage, request.query) });
    return { keys: page.items.map(inPublic), cursor: page.cursor };
  });

  app.post('/api/keys', { onRequest: g.require('keys:create') }, async (request, reply) => {
    const { principal, credential } = g.auth(request);
    const { name, scopes = credential.scopes, expiresInDays, rateLimit } = parse(NewKey, request.body);
    if (!isWithin(credential.scopes, scopes)) {
      throw new ApiProblem(403, 'scope_exceeded', 'scopes: a key cannot make one that may do more than itself.');
    }
    const { response } = g.exchange(request);
    const settings = { owner: principal.id, name, scopes, expiresAt: expiryOf(expiresInDays), rateLimit };
    const issued = await keys.create(settings, { response });
    return reply.code(201).send({ key: issued.key.reveal(), ...inPublic(issued.record) });
  });

  // Another's key answers 404, so that ids cannot be tried out.
  const concealed = { conceal: true };
  app.post<ById>('/api/keys/:id/rotate', { onRequest: g.require('keys:rotate', key, concealed) }, async (request) => {
    const { graceSeconds } = parse(Rotation, request.body);
    const { owner } = g.resource(request, 'keys:rotate');
    const { response } = g.exchange(request);
    const issued = await keys.rotate(request.params.id, { owner, graceMs: graceSeconds * 1000, response });
    return { key: issued.key.reveal(), ...inPublic(issued.record) };
  });

  app.delete<ById>('/api/keys/:id', { onRequest: g.require('keys:revoke', key, concealed) }, async (request, reply) => {
    await keys.revoke(request.params.id, { reason: `revoked by ${g.auth(request).principal.id}` });
    return reply.code(204).send();
  });

  app.get('/api/routes', { onRequest: g.require('routes:read') }, () => ({ routes: g.audit(app) }));

  g.assertClosed(app);
  return (request, response) => void app.ready().then(() => app.routing(request, response));
}

/** What is shown of a key: nothing here lets anyone in. */
function inPublic(key: ApiKey) {
  const { id, owner, name, scopes, rateLimit, createdAt, expiresAt, rotatedAt, graceExpiresAt, lastUsedAt } = key;
  const { revokedAt, revokedReason } = key;
  const times = { createdAt, expiresAt, rotatedAt, graceExpiresAt, lastUsedAt, revokedAt };
  return { id, owner, name, scopes, rateLimit, ...times, revokedReason };
}
