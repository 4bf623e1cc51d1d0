import { allOf, anyOf, type Authenticator, createGuard, createPolicy } from '@portcullis/core';
import express, { type RequestHandler } from 'express';
import { expressGuard } from '../../src/index.js';

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
const g = expressGuard(guard, { trustProxy: 1 });
const app = express();

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
app.get('/posts/:id/:part', g.require('posts:read'), (req, res) => {
  const id: string = req.params.id;
  const part: string = req.params.part;
  // @ts-expect-error the path has no such parameter
  const other: string = req.params.other;
  const { principal } = res.locals.auth;
  const id2: string = principal.kind === 'user' ? principal.email : principal.region;
  // @ts-expect-error only one kind has it
  const wrong: string = principal.email;
  // @ts-expect-error this route loads nothing
  const nothing: string = res.locals.resource.id;
  res.json([id, part, other, id2, wrong, nothing, res.locals.auth.can('posts:read')]);
  // @ts-expect-error a misspelt permission
  res.locals.auth.can('posts:raed');
});
app.delete('/posts/:id', g.require('posts:delete', g.byParam('id', find)), (req, res) => {
  const author: string = res.locals.resource.authorId;
  res.json([req.params.id, author, res.locals.auth.can('posts:delete', res.locals.resource)]);
});
app.put(
  '/posts/:id',
  g.require('posts:delete', (req) => findDraft(String(req.params['id']))),
  (_req, res) => {
    const saved: number = res.locals.resource.savedAt;
    res.json(saved);
  },
);
app.get(
  '/posts/:id',
  g.require('posts:read', (req) => findTitle(String(req.params['id']))),
  (req, res) => {
    const title: string = res.locals.resource;
    res.send(`${req.params.id} ${title}`);
  },
);
app.get('/maybe', g.optional(), (_req, res) => {
  // @ts-expect-error there may be nobody
  const id: string = res.locals.auth.principal.id;
  const same: string | undefined = res.locals.auth?.principal.id;
  res.json([id, same]);
});

// Anywhere else.
export const handler: RequestHandler = (req, res) => {
  const auth = g.auth(req);
  const post: Post = g.resource(req, 'posts:delete');
  // @ts-expect-error has no rule, so nothing is promised of its resource
  const _post: Post = g.resource(req, 'posts:read');
  const maybe: string | undefined = g.optionalAuth(req)?.principal.id;
  g.exchange(req).response.append('x-post', post.id);
  res.json([auth.principal.kind, maybe]);
};
app.use(g.closed());
app.use('/posts', g.authenticated(), handler);
app.use(express.Router().get('/own', g.open(), handler));
app.use(g.errors());
g.assertClosed(app, { acknowledge: ['jsonParser'] });
