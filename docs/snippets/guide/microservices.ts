import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createPolicy, type KeyRing, type Storage } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { createJwksHandler, createJwtVerifier, createSigningKeys, createTokenIssuer } from '@portcullis/jwt';
import type { RemoteKeysOptions, TokenIssuer } from '@portcullis/jwt';
import { Hono } from 'hono';

export interface IssuerParts {
  readonly url: string;
  readonly storage: Storage;
  readonly secrets: { readonly sealing: KeyRing; readonly refresh: KeyRing };
}

/** The one service that signs. */
export function createIssuer({ url, storage, secrets }: IssuerParts) {
  // #region issuer
  const keys = createSigningKeys({ storage, encryptionKeys: secrets.sealing });
  // One set of keys, one `iss`, and an issuer for each audience: a token is good at one service.
  const issuerFor = (audience: string): TokenIssuer =>
    createTokenIssuer({ issuer: url, audience, keys, storage, refresh: { keys: secrets.refresh } });
  const issuers = new Map([
    ['posts', issuerFor('https://posts.example.com')],
    ['billing', issuerFor('https://billing.example.com')],
  ]);
  // #endregion issuer

  // #region service-token
  // Services show a key of their own here, and nowhere else. Its scopes say which other services it may call.
  const programs = createApiKeys({ storage, brand: 'acme', defaultScopes: [] });
  const policy = createPolicy({
    permissions: ['call:posts', 'call:billing'],
    roles: { service: ['call:*'] },
  });
  const g = honoGuard(createGuard({ authenticators: [programs.authenticator()], policy, roles: () => ['service'] }));
  const app = new Hono();
  app.use(g.closed());
  const publish = createJwksHandler(keys);
  app.get('/.well-known/jwks.json', g.open(), (c) => publish(c.req.raw));
  for (const service of ['posts', 'billing'] as const)
    app.post(`/token/${service}`, g.require(`call:${service}`), async (c) => {
      const clientId = c.var.auth.principal.id;
      const issued = await issuers.get(service)?.issueForClient({ clientId, scope: [`${service}:read`] });
      return c.json(issued?.reveal(), 200, { 'cache-control': 'no-store' });
    });
  app.onError(g.errors());
  // #endregion service-token
  return { app, issuers, programs };
}

// #region service
/** Any other service. It holds no secret and shares no database. */
export function createPosts(issuer: string, remote: RemoteKeysOptions = {}) {
  const verifier = createJwtVerifier({
    issuer,
    audience: 'https://posts.example.com', // ourselves
    algorithms: ['EdDSA'],
    jwks: `${issuer}/.well-known/jwks.json`,
    remote,
  });
  const policy = createPolicy({
    permissions: ['posts:read'],
    roles: { reader: ['posts:read'] },
  });
  // What the caller may do here is this service's affair. The token says who, and at most what.
  const guard = createGuard({ authenticators: [verifier.authenticator()], policy, roles: () => ['reader'] });
  const g = honoGuard(guard);
  const app = new Hono();
  app.use(g.closed());
  app.get('/posts', g.require('posts:read'), (c) => c.json({ reader: c.var.auth.principal.id }));
  app.onError(g.errors());
  return { app, verifier };
}
// #endregion service
