import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage } from '@portcullis/core';
import { openapi } from '@portcullis/core/openapi';
import { createPolicy } from '@portcullis/core/policy';
import { honoGuard } from '@portcullis/hono';
import { Hono } from 'hono';

export const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: 'unlimited' });
const policy = createPolicy({ permissions: ['posts:read', 'posts:create'], roles: { author: ['*'] } });
const guard = createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['author'] });
const g = honoGuard(guard);

// #region app
export const app = new Hono();
app.use(g.closed());
app.get('/posts', g.require('posts:read'), (c) => c.json([]));
app.post('/posts', g.require('posts:create'), (c) => c.json({}, 201));
app.onError(g.errors());

// What you write: what each operation does. Nothing of who may.
const written = {
  openapi: '3.1.1',
  info: { title: 'Blog', version: '1' },
  paths: {
    '/posts': {
      get: { summary: 'All posts', responses: { 200: { description: 'The posts.' } } },
      post: { summary: 'Publish a post', responses: { 201: { description: 'The post.' } } },
    },
  },
};

export const { document, findings } = openapi(g.audit(app), { document: written, guard });
app.get('/openapi.json', g.open(), (c) => c.json(document));
// #endregion app
