import { allOf, anyOf, type Authenticator, createGuard, createPolicy } from '@portcullis/core';
import fastify, { type FastifyRequest } from 'fastify';
import { fastifyGuard } from '../../src/index.js';

/** What routes are guarded by in this package's type tests. */
interface UserPrincipal {
  readonly kind: 'user';
  readonly id: string;
  readonly email: string;
}

interface ServicePrincipal {
  readonly kind: 'service';
  readonly id: string;
  readonly region: string;
}

interface Post {
  readonly id: string;
  readonly authorId: string;
}

interface Draft extends Post {
  readonly savedAt: number;
}

declare const users: Authenticator<UserPrincipal>;
declare const services: Authenticator<ServicePrincipal>;
declare function find(id: string): Promise<Post | undefined>;
declare function findDraft(id: string): Draft | null;
declare function findTitle(id: string): Promise<string>;

const policy = createPolicy({
  permissions: ['posts:read', 'posts:create', 'posts:delete'],
  roles: { author: ['posts:*'] },
  rules: (rule) => ({ 'posts:delete': rule<Post>(({ auth, resource }) => resource.authorId === auth.principal.id) }),
});
const guard = createGuard({ authenticators: [users, services], policy });
const g = fastifyGuard(guard, { trustProxy: 1 });
const app = fastify();

// What may be asked.
g.require('posts:read');
g.require('posts:read', { maxAge: 60, acr: 'urn:acr:mfa', schemes: ['session'], conceal: true });
g.require('posts:read', g.byParam('id', find));
g.require('posts:delete', g.byParam('id', find), { conceal: true });
g.require(anyOf('posts:read', 'posts:create'));
g.require(allOf('posts:read', anyOf('posts:create', 'posts:read')));
// @ts-expect-error a misspelt permission
g.require('posts:raed');
// @ts-expect-error a wildcard belongs in a role
g.require('posts:*');
// @ts-expect-error a permission with a rule needs its loader
g.require('posts:delete');
// @ts-expect-error a permission with a rule needs its loader before its options
g.require('posts:delete', { conceal: true });
// @ts-expect-error a loader of something else
g.require('posts:delete', g.byParam('id', findTitle));
// @ts-expect-error a permission with a rule cannot be composed
g.require(anyOf('posts:read', 'posts:delete'));
// @ts-expect-error there is no such option
g.require('posts:read', { maxage: 60 });
// @ts-expect-error conceal is of permissions
g.authenticated({ conceal: true });

// The request says who is calling, typed by the guard's own configuration.
app.get('/posts/:id', { onRequest: g.require('posts:read') }, (request) => {
  const { principal } = g.auth(request);
  const name: string = principal.kind === 'user' ? principal.email : principal.region;
  // @ts-expect-error only one kind has it
  const wrong: string = principal.email;
  // @ts-expect-error a misspelt permission
  g.auth(request).can('posts:raed');
  return [name, wrong, g.auth(request).can('posts:read')];
});
app.delete('/posts/:id', { onRequest: g.require('posts:delete', g.byParam('id', find)) }, (request) => {
  const post = g.resource(request, 'posts:delete');
  const author: string = post.authorId;
  // @ts-expect-error a post has no such field
  const missing: string = post.title;
  return [author, missing, g.auth(request).can('posts:delete', post)];
});
app.put(
  '/posts/:id',
  { onRequest: [g.require('posts:delete', (request) => findDraft(String(request.params['id'])))] },
  () => 'saved',
);
app.get('/maybe', { onRequest: g.optional() }, (request) => {
  // @ts-expect-error there may be nobody
  const id: string = g.optionalAuth(request).principal.id;
  return id;
});

// A guard beside them, a route's own types and those of its schema keep their inference.
app.get<{ Params: { id: string }; Querystring: { page?: string } }>(
  '/typed/:id',
  { onRequest: g.authenticated(), config: { rateLimit: 1 } },
  (request) => {
    const id: string = request.params.id;
    // @ts-expect-error not in the route's parameters
    const other: string = request.params.other;
    return [id, other, request.query.page, g.auth(request).principal.id];
  },
);

// Anywhere else.
export function handler(request: FastifyRequest): unknown {
  const auth = g.auth(request);
  const post: Post = g.resource(request, 'posts:delete');
  // @ts-expect-error has no rule, so nothing is promised of its resource
  const _post: Post = g.resource(request, 'posts:read');
  g.exchange(request).response.append('x-post', post.id);
  return auth.principal.kind;
}
app.route({ method: ['GET', 'POST'], url: '/plain', onRequest: g.open(), handler });
app.register((scope, _options, done) => {
  scope.addHook('onRequest', g.authenticated());
  done();
});
app.addHook('onRoute', g.closed());
app.setErrorHandler(g.errors());
app.setErrorHandler(g.errors((_error, _request, reply: { send(body: string): unknown }) => reply.send('broken')));
g.assertClosed(app, { acknowledge: ['rateLimit'] });
