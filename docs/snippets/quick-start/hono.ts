import { serve } from '@hono/node-server';
import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage, createPolicy } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { Hono } from 'hono';

type Post = { id: string; authorId: string; title: string };
const posts = new Map<string, Post>([['1', { id: '1', authorId: 'ada', title: 'Hello' }]]);

// What may be done, by whom, and what has to be true of the post.
const policy = createPolicy({
  permissions: ['posts:read', 'posts:delete'],
  roles: { reader: ['posts:read'], author: ['reader', 'posts:delete'] },
  rules: (rule) => ({
    'posts:delete': rule<Post>(({ auth, resource }) => resource.authorId === auth.principal.id),
  }),
});

// Who is calling. Another storage here keeps the keys when the process ends.
const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: 'unlimited' });
const guard = createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['author'] });
const g = honoGuard(guard);
const thePost = g.byParam('id', (id) => posts.get(id));

const app = new Hono();
app.use(g.closed()); // a route that states nothing answers 403
app.get('/', g.open(), (c) => c.text('Anyone may read this.'));
app.get('/posts/:id', g.require('posts:read', thePost), (c) =>
  c.json({ post: c.var.resource, you: c.var.auth.principal.id }),
);
app.delete('/posts/:id', g.require('posts:delete', thePost), (c) => {
  posts.delete(c.var.resource.id);
  return c.body(null, 204);
});
app.onError(g.errors());
g.assertClosed(app); // a forgotten guard fails here, at start-up

const ada = await keys.create({ owner: 'ada', name: 'laptop' });
const eve = await keys.create({ owner: 'eve', name: 'laptop' });
serve({ fetch: app.fetch, port: 3000 }, () => {
  console.log(`ada ${ada.key.reveal()}`);
  console.log(`eve ${eve.key.reveal()}`);
});
