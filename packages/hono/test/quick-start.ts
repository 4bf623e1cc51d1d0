import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage } from '@portcullis/core';
import { createPolicy } from '@portcullis/core/policy';
import { honoGuard } from '@portcullis/hono';
import { Hono } from 'hono';

export const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: 'unlimited' });
const policy = createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
const g = honoGuard(createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['reader'] }));

export const app = new Hono();
app.use(g.closed());
app.get('/posts', g.require('posts:read'), (c) => c.json({ caller: c.var.auth.principal.id }));
app.onError(g.errors());
