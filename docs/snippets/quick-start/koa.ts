import Router from '@koa/router';
import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage, createPolicy } from '@portcullis/core';
import { koaGuard } from '@portcullis/koa';
import Koa from 'koa';

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
const g = koaGuard(guard);
const thePost = g.byParam('id', (id) => posts.get(id));

const router = new Router();
router.get('/', g.open(), (ctx) => {
  ctx.body = 'Anyone may read this.';
});
router.get('/posts/:id', g.require('posts:read', thePost), (ctx) => {
  ctx.body = { post: ctx.state.resource, you: ctx.state.auth.principal.id };
});
router.delete('/posts/:id', g.require('posts:delete', thePost), (ctx) => {
  posts.delete(ctx.state.resource.id);
  ctx.status = 204;
});

const app = new Koa();
app.use(g.errors());
app.use(g.closed()); // a route that states nothing answers 403
app.use(router.routes());
g.assertClosed(app); // a forgotten guard fails here, at start-up

const ada = await keys.create({ owner: 'ada', name: 'laptop' });
const eve = await keys.create({ owner: 'eve', name: 'laptop' });
app.listen(3000, () => {
  console.log(`ada ${ada.key.reveal()}`);
  console.log(`eve ${eve.key.reveal()}`);
});
