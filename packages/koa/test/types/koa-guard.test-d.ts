import { allOf, anyOf, type Authenticator, createGuard, createPolicy } from '@portcullis/core';
import Router from '@koa/router';
import Koa from 'koa';
import { koaGuard } from '../../src/index.js';

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
const g = koaGuard(guard, { trustProxy: 1 });
const app = new Koa();
const router = new Router();

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

// Inline handlers infer the principal and the resource.
router.get('/posts/:id', g.require('posts:read'), (ctx) => {
  const { principal } = ctx.state.auth;
  const name: string = principal.kind === 'user' ? principal.email : principal.region;
  // @ts-expect-error only one kind has it
  const wrong: string = principal.email;
  const id: string | undefined = ctx.params['id'];
  ctx.body = [id, name, wrong, ctx.state.auth.can('posts:read')];
  // @ts-expect-error a misspelt permission
  ctx.state.auth.can('posts:raed');
});
router.delete('/posts/:id', g.require('posts:delete', g.byParam('id', find)), (ctx) => {
  const author: string = ctx.state.resource.authorId;
  // @ts-expect-error a post has no such field
  const missing: string = ctx.state.resource.title;
  ctx.body = [author, missing, ctx.state.auth.can('posts:delete', ctx.state.resource)];
});
router.put(
  '/posts/:id',
  g.require('posts:delete', (ctx) => findDraft(String(ctx.params['id']))),
  (ctx) => {
    const saved: number = ctx.state.resource.savedAt;
    ctx.body = saved;
  },
);
router.get('/maybe', g.optional(), (ctx) => {
  // @ts-expect-error there may be nobody
  const id: string = ctx.state.auth.principal.id;
  const same: string | undefined = ctx.state.auth?.principal.id;
  ctx.body = [id, same];
});

// Anywhere else.
export function handler(ctx: Koa.Context): void {
  const auth = g.auth(ctx);
  const post: Post = g.resource(ctx, 'posts:delete');
  // @ts-expect-error has no rule, so nothing is promised of its resource
  const _post: Post = g.resource(ctx, 'posts:read');
  const maybe: string | undefined = g.optionalAuth(ctx)?.principal.id;
  g.exchange(ctx).response.append('x-post', post.id);
  ctx.body = [auth.principal.kind, maybe];
}
const plain: Koa.Middleware = (ctx) => handler(ctx);
router.get('/plain', g.authenticated(), plain);
router.get('/plain', g.open(), handler);
router.use('/area', g.authenticated());
app.use(g.errors());
app.use(g.closed());
app.use(g.authenticated());
app.use(g.routes(router));
app.use(router.routes());
g.assertClosed(app, { acknowledge: ['bodyParser'] });
