import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage, createPolicy, type Principal } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { createJwtVerifier, type JwtVerifierOptions } from '@portcullis/jwt';
import { createSessions } from '@portcullis/session';
import { Hono } from 'hono';

interface User extends Principal {
  readonly kind: 'user';
}
const asUser = (id: string): User => ({ kind: 'user', id });

export function createApp(tokensOf: JwtVerifierOptions) {
  const storage = createMemoryStorage();
  const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: 'unlimited' });
  const sessions = createSessions({ storage, csrf: { origins: ['https://app.example.com'] } });
  const verifier = createJwtVerifier({ ...tokensOf, principal: ({ principal }) => asUser(principal.id) });

  const policy = createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
  const guard = createGuard({
    authenticators: [
      keys.authenticator({ principal: ({ owner }) => asUser(owner) }),
      verifier.authenticator(),
      sessions.authenticator({ principal: ({ user }) => asUser(user) }),
    ],
    policy,
    roles: () => ['reader'],
  });

  const g = honoGuard(guard);
  const app = new Hono();
  app.use(g.closed());
  // The handler sees one kind of user, whatever the credential was.
  app.get('/posts', g.require('posts:read'), (c) =>
    c.json({ you: c.var.auth.principal.id, by: c.var.auth.credential.scheme }),
  );
  // Where it matters how, a route says so: a key in a script must not make more keys.
  app.post('/keys', g.require('posts:read', { schemes: ['session'] }), (c) => c.json({}, 201));
  app.onError(g.errors());
  return { app, keys, sessions, g };
}
