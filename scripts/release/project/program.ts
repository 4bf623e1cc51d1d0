// What a user's compiler is shown: an API with a rule, keys, tokens and sessions, on Hono. It is checked, and not run.
import { type ApiKeyPrincipal, createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage, createPolicy, type GuardEvents } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { createJwtVerifier, type TokenPrincipal } from '@portcullis/jwt';
import { createSessions, type SessionPrincipal } from '@portcullis/session';
import { Hono } from 'hono';

interface Post {
  readonly id: string;
  readonly authorId: string;
}

const storage = createMemoryStorage();
const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: [] });
const tokens = createJwtVerifier({
  issuers: [{ issuer: 'https://id.example.com', audience: 'posts', algorithms: ['ES256'] }],
});
const sessions = createSessions({ storage, csrf: { origins: ['https://posts.example.com'] } });

const policy = createPolicy({
  permissions: ['posts:read', 'posts:delete'],
  roles: { reader: ['posts:read'], author: ['reader', 'posts:delete'] },
  rules: (rule) => ({ 'posts:delete': rule<Post>(({ auth, resource }) => resource.authorId === auth.principal.id) }),
});
const guard = createGuard({
  authenticators: [keys.authenticator(), tokens.authenticator(), sessions.authenticator()],
  policy,
  roles: () => ['author'],
});
guard.on('authorization.denied', (event: GuardEvents['authorization.denied']) => console.log(event.permission));

const g = honoGuard(guard);
const find = (id: string): Post => ({ id, authorId: 'ada' });

export const app = new Hono()
  .get('/posts', g.require('posts:read'), (c) => c.json({ caller: c.var.auth.principal.id }))
  .delete('/posts/:id', g.require('posts:delete', g.byParam('id', find)), (c) => c.json(c.var.resource.authorId));

export function nameOf(principal: ApiKeyPrincipal | TokenPrincipal | SessionPrincipal): string {
  return principal.kind === 'api-key' ? principal.keyId : principal.id;
}

// @ts-expect-error a permission that is misspelt
g.require('posts:raed');
