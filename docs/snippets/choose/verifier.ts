import { createGuard, createPolicy } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { createJwtVerifier, type JwtVerifierOptions } from '@portcullis/jwt';
import { Hono } from 'hono';

const policy = createPolicy({
  permissions: ['posts:read'],
  roles: { member: ['posts:read'] },
  scopes: { 'read:posts': ['posts:read'] }, // the issuer's name for it
});

export function createApp(options: JwtVerifierOptions) {
  const verifier = createJwtVerifier(options);
  const g = honoGuard(createGuard({ authenticators: [verifier.authenticator()], policy, roles: () => ['member'] }));
  const app = new Hono();
  app.use(g.closed());
  app.get('/posts', g.require('posts:read'), (c) => c.json({ you: c.var.auth.principal.id }));
  app.onError(g.errors());
  return app;
}

export const app = createApp({
  issuer: 'https://auth.example.com', // exactly the tokens' iss
  audience: 'https://posts.example.com', // us: a token for somebody else is refused
  algorithms: ['EdDSA', 'ES256', 'RS256'], // chosen by you, never by the token
  jwks: 'https://auth.example.com/.well-known/jwks.json',
});
