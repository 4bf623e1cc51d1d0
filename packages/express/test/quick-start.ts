import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage } from '@portcullis/core';
import { createPolicy } from '@portcullis/core/policy';
import { expressGuard } from '@portcullis/express';
import express from 'express';

export const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: 'unlimited' });
const policy = createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
const g = expressGuard(createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['reader'] }));

export const app = express();
app.use(g.closed());
app.get('/posts', g.require('posts:read'), (_req, res) => res.json({ caller: res.locals.auth.principal.id }));
app.use(g.errors());
