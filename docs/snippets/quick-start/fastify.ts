import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage, createPolicy } from '@portcullis/core';
import { fastifyGuard } from '@portcullis/fastify';
import fastify from 'fastify';

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
const g = fastifyGuard(guard);
const thePost = g.byParam('id', (id) => posts.get(id));

const app = fastify();
app.addHook('onRoute', g.closed()); // a route that states nothing answers 403
app.setErrorHandler(g.errors());
app.get('/', { onRequest: g.open() }, () => 'Anyone may read this.');
app.get('/posts/:id', { onRequest: g.require('posts:read', thePost) }, (request) => ({
  post: g.resource(request, 'posts:read'),
  you: g.auth(request).principal.id,
}));
app.delete('/posts/:id', { onRequest: g.require('posts:delete', thePost) }, (request, reply) => {
  posts.delete(g.resource(request, 'posts:delete').id);
  return reply.code(204).send();
});
await app.ready();
g.assertClosed(app); // a forgotten guard fails here, at start-up

const ada = await keys.create({ owner: 'ada', name: 'laptop' });
const eve = await keys.create({ owner: 'eve', name: 'laptop' });
await app.listen({ port: 3000 });
console.log(`ada ${ada.key.reveal()}`);
console.log(`eve ${eve.key.reveal()}`);
