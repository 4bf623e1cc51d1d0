import {
  corsExposedHeaders,
  createGuard,
  createPolicy,
  type KeyRing,
  type Principal,
  type Storage,
} from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import {
  createJwtVerifier,
  createRevocationHandler,
  createSigningKeys,
  createTokenHandler,
  createTokenIssuer,
  publicClients,
} from '@portcullis/jwt';
import { createSessions } from '@portcullis/session';
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';

interface User extends Principal {
  readonly kind: 'user';
}
const asUser = (id: string): User => ({ kind: 'user', id });

export interface Parts {
  readonly storage: Storage;
  /** Rings of keys that the database does not hold. */
  readonly secrets: { readonly sealing: KeyRing; readonly refresh: KeyRing };
  /** Whose address and password these are. */
  readonly checkPassword: (email: string, password: string) => Promise<string | undefined>;
  readonly clock?: () => number;
}

const api = 'https://api.example.com';
const page = 'https://app.example.com';

export function createApi({ storage, secrets, checkPassword, clock = Date.now }: Parts) {
  // #region credentials
  // For the page: a cookie that no script can read.
  const sessions = createSessions({
    storage,
    csrf: { origins: [api], trustedOrigins: [page], jsonOnly: ['/*'] },
    clock,
  });

  // For the app on a phone: minutes of access, and a refresh token in the phone's keychain.
  const tokens = createTokenIssuer({
    issuer: api,
    audience: api,
    keys: createSigningKeys({ storage, encryptionKeys: secrets.sealing, clock }),
    storage,
    refresh: { keys: secrets.refresh },
    clock,
  });
  const verifier = createJwtVerifier({
    issuer: api,
    audience: api,
    algorithms: ['EdDSA'],
    keys: tokens.keys,
    revocations: tokens.revocations,
    principal: ({ principal }) => asUser(principal.id),
    clock,
  });

  const guard = createGuard({
    authenticators: [verifier.authenticator(), sessions.authenticator({ principal: ({ user }) => asUser(user) })],
    policy: createPolicy({ permissions: ['posts:read', 'posts:write'], roles: { author: ['posts:*'] } }),
    roles: () => ['author'],
    clock,
  });
  const g = honoGuard(guard);
  // #endregion credentials

  const app = new Hono();
  // #region cors
  // Before the guards, so that their refusals can be read by the page too. One origin, by name: never `*` with cookies.
  app.use(cors({ origin: page, credentials: true, exposeHeaders: [...corsExposedHeaders] }));
  app.use(g.closed());
  // #endregion cors

  async function whoSignsIn(c: Context): Promise<string | undefined> {
    const { email, password } = await c.req.json<Partial<Record<string, unknown>>>();
    return checkPassword(String(email), String(password));
  }

  // #region page
  app.post('/session', g.open(), async (c) => {
    const startedAt = clock();
    const user = await whoSignsIn(c);
    if (user === undefined) return c.json({ error: 'Wrong address or password.' }, 401);
    await sessions.signIn(g.exchange(c), { user, startedAt });
    return c.body(null, 204);
  });
  app.delete('/session', g.optional(), async (c) => {
    await sessions.signOut(g.exchange(c));
    return c.body(null, 204);
  });
  // #endregion page

  // #region phone
  const authenticateClient = publicClients('phone');
  const refresh = createTokenHandler({ tokens, authenticateClient });
  const revoke = createRevocationHandler({ tokens, authenticateClient });
  app.post('/login', g.open(), async (c) => {
    const startedAt = clock();
    const subject = await whoSignsIn(c);
    if (subject === undefined) return c.json({ error: 'Wrong address or password.' }, 401);
    const issued = await tokens.issue({ subject, clientId: 'phone', scope: ['posts:read', 'posts:write'], startedAt });
    return c.json(issued.reveal(), 200, { 'cache-control': 'no-store' });
  });
  app.post('/token', g.open(), (c) => refresh(c.req.raw)); // grant_type=refresh_token
  app.post('/revoke', g.open(), (c) => revoke(c.req.raw)); // at sign-out
  // #endregion phone

  app.get('/posts', g.require('posts:read'), (c) => c.json({ you: c.var.auth.principal.id }));
  app.post('/posts', g.require('posts:write'), (c) => c.json({ by: c.var.auth.credential.scheme }, 201));
  app.onError(g.errors());
  return app;
}
