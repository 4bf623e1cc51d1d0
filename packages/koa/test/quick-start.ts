import Router from '@koa/router';
import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage } from '@portcullis/core';
import { createPolicy } from '@portcullis/core/policy';
import { koaGuard } from '@portcullis/koa';
import Koa from 'koa';

export const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: 'unlimited' });
const policy = createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
const g = koaGuard(createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['reader'] }));

const router = new Router();
router.get('/posts', g.require('posts:read'), (ctx) => (ctx.body = { caller: ctx.state.auth.principal.id }));
export const app = new Koa();
app.use(g.errors()).use(g.closed()).use(router.routes());
