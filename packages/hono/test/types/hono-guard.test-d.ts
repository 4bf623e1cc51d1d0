import { allOf, anyOf, type Authenticator, createGuard, createPolicy } from '@portcullis/core';
import { type Context, Hono } from 'hono';
import { honoGuard } from '../../src/index.js';

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
const g = honoGuard(guard, { trustProxy: 1 });
const app = new Hono();

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

// Inline handlers infer the parameters, the principal and the resource.
app.get('/posts/:id/:part', g.require('posts:read'), (c) => {
  const id: string = c.req.param('id');
  // @ts-expect-error the path has no such parameter
  const other: string = c.req.param('other');
  const { principal } = c.var.auth;
  const name: string = principal.kind === 'user' ? principal.email : principal.region;
  // @ts-expect-error only one kind has it
  const wrong: string = principal.email;
  // @ts-expect-error this route loads nothing
  const nothing: string = c.var.resource.id;
  // @ts-expect-error a misspelt permission
  c.var.auth.can('posts:raed');
  return c.json([id, other, name, wrong, nothing, c.get('auth').can('posts:read')]);
});
app.delete('/posts/:id', g.require('posts:delete', g.byParam('id', find)), (c) => {
  const author: string = c.var.resource.authorId;
  return c.json([c.req.param('id'), author, c.var.auth.can('posts:delete', c.var.resource)]);
});
app.put(
  '/posts/:id',
  g.require('posts:delete', (c) => findDraft(String(c.req.param('id')))),
  (c) => {
    const saved: number = c.var.resource.savedAt;
    return c.json(saved);
  },
);
app.get('/maybe', g.optional(), (c) => {
  // @ts-expect-error there may be nobody
  const id: string = c.var.auth.principal.id;
  const same: string | undefined = c.var.auth?.principal.id;
  return c.json([id, same]);
});

// Anywhere else.
export function handler(c: Context): Response {
  const auth = g.auth(c);
  const post: Post = g.resource(c, 'posts:delete');
  // @ts-expect-error has no rule, so nothing is promised of its resource
  const _post: Post = g.resource(c, 'posts:read');
  const maybe: string | undefined = g.optionalAuth(c)?.principal.id;
  g.exchange(c).response.append('x-post', post.id);
  return c.json([auth.principal.kind, maybe]);
}
app.use(g.closed());
app.use('/posts/*', g.authenticated());
app.route('/own', new Hono().get('/', g.open(), handler));
app.onError(g.errors());
g.assertClosed(app, { acknowledge: ['/legacy/* handler'] });
