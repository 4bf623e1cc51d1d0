import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage, createPolicy } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { Hono } from 'hono';

export const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: [] });
const policy = createPolicy({
  permissions: ['reports:read', 'reports:write'],
  roles: { customer: ['reports:read', 'reports:write'] },
});
const g = honoGuard(createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['customer'] }));

export const app = new Hono();
app.use(g.closed());
app.get('/reports', g.require('reports:read'), (c) => c.json({ customer: c.var.auth.principal.id }));
app.post('/reports', g.require('reports:write'), (c) => c.json({ written: true }, 201));
app.onError(g.errors());

// A key for a customer's nightly job, which only reads. Show `key.reveal()` once; you cannot read it again.
export const { key, record } = await keys.create({ owner: 'customer-17', name: 'nightly', scopes: ['reports:read'] });
