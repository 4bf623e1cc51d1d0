import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage, type Principal } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { Hono } from 'hono';
import { type Post, policy } from './permissions.js';

interface Member extends Principal {
  readonly kind: 'user';
  readonly tenant: string;
}

export const posts = new Map<string, Post>([
  ['1', { id: '1', authorId: 'ada', tenant: 'acme', published: true }],
  ['2', { id: '2', authorId: 'ada', tenant: 'globex', published: true }],
]);

// #region guard
export const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: 'unlimited' });
const guard = createGuard({
  authenticators: [
    keys.authenticator({
      // A key without a tenant must not become a principal without one: that could be a platform's operator.
      principal: ({ owner, tenant = 'none' }): Member => ({ kind: 'user', id: owner, tenant }),
    }),
  ],
  policy,
  // Asked for each request, so a role that is taken away is gone with the next one.
  roles: ({ id }) => (id === 'root' ? ['admin'] : ['author']),
});
// #endregion guard

const g = honoGuard(guard);
const thePost = g.byParam('id', (id) => posts.get(id));
export const app = new Hono();
app.use(g.closed());
// #region routes
// `conceal`: whoever may not read a post is not told that there is one.
app.get('/posts/:id', g.require('posts:read', thePost, { conceal: true }), (c) => c.json(c.var.resource));
app.delete('/posts/:id', g.require('posts:delete', thePost), (c) => {
  posts.delete(c.var.resource.id);
  return c.body(null, 204);
});
// #endregion routes
// #region list
// A list has no single resource: ask the same rule for each row, and let the query name the tenant as well.
app.get('/posts', g.authenticated(), (c) => {
  const { auth } = c.var;
  const own = [...posts.values()].filter(({ tenant }) => tenant === auth.principal.tenant);
  return c.json(own.filter((post) => auth.can('posts:read', post)));
});
// #endregion list
app.onError(g.errors());
