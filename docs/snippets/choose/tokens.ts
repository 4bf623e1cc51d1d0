import { createGuard, createMemoryStorage, createPolicy } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import {
  createJwtVerifier,
  createSigningKeys,
  createTokenHandler,
  createTokenIssuer,
  publicClients,
} from '@portcullis/jwt';
import { Hono } from 'hono';

const storage = createMemoryStorage();
const url = 'https://api.example.com';
// In production two secrets of 32 random bytes, from the environment, that the database does not hold.
const secret = (): string => crypto.getRandomValues(Buffer.alloc(32)).toString('base64url');

export const tokens = createTokenIssuer({
  issuer: url,
  audience: url,
  keys: createSigningKeys({ storage, encryptionKeys: { current: 's1', keys: { s1: secret() } } }),
  storage,
  refresh: { keys: { current: 'r1', keys: { r1: secret() } } },
});
const verifier = createJwtVerifier({
  issuer: url,
  audience: url,
  algorithms: ['EdDSA'],
  keys: tokens.keys,
  revocations: tokens.revocations,
});

const policy = createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
const g = honoGuard(createGuard({ authenticators: [verifier.authenticator()], policy, roles: () => ['reader'] }));

/** Called by your sign-in, after the password was right. `startedAt` is the moment before you began to check it. */
export async function logIn(subject: string, startedAt: number): Promise<Response> {
  const issued = await tokens.issue({ subject, clientId: 'app', scope: ['posts:read'], startedAt });
  return Response.json(issued.reveal(), { headers: { 'cache-control': 'no-store' } });
}

const refresh = createTokenHandler({ tokens, authenticateClient: publicClients('app') });
export const app = new Hono();
app.use(g.closed());
app.post('/token', g.open(), (c) => refresh(c.req.raw)); // grant_type=refresh_token
app.get('/posts', g.require('posts:read'), (c) => c.json({ you: c.var.auth.principal.id }));
app.onError(g.errors());
