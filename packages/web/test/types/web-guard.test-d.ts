import { allOf, anyOf, type Authenticator, createGuard, createPolicy } from '@portcullis/core';
import { webGuard } from '../../src/index.js';

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
const g = webGuard(guard, { trustProxy: 1 });

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
export const GET = g.require('posts:read')(({ auth, request, params }) => {
  const { principal } = auth;
  const name: string = principal.kind === 'user' ? principal.email : principal.region;
  // @ts-expect-error only one kind has it
  const wrong: string = principal.email;
  // @ts-expect-error a misspelt permission
  auth.can('posts:raed');
  return Response.json([name, wrong, request.method, params['id']]);
});
export const DELETE = g.require(
  'posts:delete',
  g.byParam('id', find),
)(({ auth, resource }) => {
  const author: string = resource.authorId;
  // @ts-expect-error a post has no such field
  const missing: string = resource.title;
  return Response.json([author, missing, auth.can('posts:delete', resource)]);
});
export const PUT = g.require('posts:delete', ({ params }) => findDraft(String(params['id'])))(({ resource }) => {
  const saved: number = resource.savedAt;
  return Response.json(saved);
});
export const maybe = g.optional()(({ auth }) => {
  // @ts-expect-error there may be nobody
  const id: string = auth.principal.id;
  return Response.json([id, auth?.principal.id]);
});

// The framework's own arguments keep their types.
interface NextContext {
  readonly params: Promise<{ id: string }>;
}
export const next: (request: Request, context: NextContext) => Promise<Response> = g.authenticated()(
  async ({ auth }, _request: Request, { params }: NextContext) => Response.json([auth.principal.id, (await params).id]),
);
interface SvelteEvent {
  readonly request: Request;
  readonly locals: { readonly user: string };
}
export const kit: (event: SvelteEvent) => Promise<Response> = g.authenticated()(({ auth }, event: SvelteEvent) =>
  Response.json([auth.principal.id, event.locals.user]),
);

// Anywhere else.
export function handler(request: Request): unknown {
  const post: Post = g.resource(request, 'posts:delete');
  // @ts-expect-error has no rule, so nothing is promised of its resource
  const _post: Post = g.resource(request, 'posts:read');
  g.exchange({ request }).response.append('x-post', post.id);
  return g.auth(request).principal.kind;
}
const inner = g.fetch({ 'GET /admin/x': () => new Response() });
const app = g.fetch(
  { 'GET /posts/:id': GET, '/admin/*': g.authenticated()(inner) },
  { fallback: () => new Response() },
);
export default { fetch: app };
g.assertClosed(app, { acknowledge: ['fallback'] });
