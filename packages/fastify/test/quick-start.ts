import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage } from '@portcullis/core';
import { createPolicy } from '@portcullis/core/policy';
import { fastifyGuard } from '@portcullis/fastify';
import fastify from 'fastify';

export const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: 'unlimited' });
const policy = createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
const g = fastifyGuard(createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['reader'] }));

export const app = fastify();
app.addHook('onRoute', g.closed());
app.setErrorHandler(g.errors());
app.get('/posts', { onRequest: g.require('posts:read') }, (request) => ({ caller: g.auth(request).principal.id }));
