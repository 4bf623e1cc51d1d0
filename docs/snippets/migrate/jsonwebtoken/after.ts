import { createGuard, createPolicy, type Storage } from '@portcullis/core';
import { expressGuard } from '@portcullis/express';
import { createJwtVerifier, createSigningKeys, createTokenIssuer } from '@portcullis/jwt';
import express from 'express';

type Role = 'reader' | 'editor';
interface Users {
  check(email: string, password: string): Promise<{ id: number } | undefined>;
  /** What the user may do now, and not what a token said a week ago. */
  roleOf(id: number): Promise<Role>;
}

/** `keys`: two secrets of 32 random bytes, as base64url, that the database does not hold. */
export function createTokens(storage: Storage, url: string, keys: { readonly seal: string; readonly refresh: string }) {
  return createTokenIssuer({
    issuer: url,
    audience: url,
    keys: createSigningKeys({ storage, encryptionKeys: { current: 's1', keys: { s1: keys.seal } } }),
    storage,
    refresh: { keys: { current: 'r1', keys: { r1: keys.refresh } } },
  });
}

export function createApp(tokens: ReturnType<typeof createTokens>, url: string, users: Users) {
  const verifier = createJwtVerifier({
    issuer: url,
    audience: url,
    algorithms: ['EdDSA'],
    keys: tokens.keys,
    revocations: tokens.revocations,
  });
  const policy = createPolicy({
    permissions: ['me:read', 'posts:publish'],
    roles: { reader: ['me:read'], editor: ['reader', 'posts:publish'] },
    scopes: { app: ['*'] },
  });
  const g = expressGuard(
    createGuard({
      authenticators: [verifier.authenticator()],
      policy,
      roles: async ({ id }) => [await users.roleOf(Number(id))],
    }),
  );

  const app = express();
  app.use(g.closed());
  app.post('/sign-in', g.open(), express.json(), async (req, res) => {
    const { email, password } = req.body as { email: string; password: string };
    const startedAt = Date.now();
    const user = await users.check(email, password);
    if (user === undefined) return void res.sendStatus(401);
    const facts = { authenticatedAt: Date.now(), startedAt };
    const issued = await tokens.issue({ subject: String(user.id), clientId: 'app', scope: ['app'], ...facts });
    res.set('cache-control', 'no-store').json(issued.reveal());
  });
  app.post('/token', g.open(), express.json(), async (req, res) => {
    const { refresh_token: token } = req.body as { refresh_token?: unknown };
    const result = await tokens.refresh(String(token), { clientId: 'app' });
    res.set('cache-control', 'no-store');
    if (result.ok) res.json(result.tokens.reveal());
    else res.status(400).json({ error: result.error });
  });
  app.get('/me', g.require('me:read'), (_req, res) => {
    res.json({ user: Number(res.locals.auth.principal.id) });
  });
  app.post('/posts/publish', g.require('posts:publish'), (_req, res) => void res.sendStatus(204));
  app.use(g.errors());
  return app;
}
