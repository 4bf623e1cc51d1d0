import { serve } from '@hono/node-server';
import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage, createPolicy } from '@portcullis/core';
import { webGuard } from '@portcullis/web';

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
const g = webGuard(guard);
const thePost = g.byParam('id', (id) => posts.get(id));

// A table of routes. One that states nothing answers 403.
const fetch = g.fetch({
  'GET /': g.open()(() => new Response('Anyone may read this.')),
  'GET /posts/:id': g.require(
    'posts:read',
    thePost,
  )(({ auth, resource }) => Response.json({ post: resource, you: auth.principal.id })),
  'DELETE /posts/:id': g.require(
    'posts:delete',
    thePost,
  )(({ resource }) => {
    posts.delete(resource.id);
    return new Response(null, { status: 204 });
  }),
});
g.assertClosed(fetch); // a forgotten guard fails here, at start-up

const ada = await keys.create({ owner: 'ada', name: 'laptop' });
const eve = await keys.create({ owner: 'eve', name: 'laptop' });
// On Bun instead: Bun.serve({ port: 3000, fetch }). On Deno: Deno.serve({ port: 3000 }, fetch).
serve({ fetch, port: 3000 }, () => {
  console.log(`ada ${ada.key.reveal()}`);
  console.log(`eve ${eve.key.reveal()}`);
});
