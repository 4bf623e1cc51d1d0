import { createGuard, createMemoryStorage, createPolicy, random } from '@portcullis/core';
import { honoEndpoint, honoGuard } from '@portcullis/hono';
import { type ConnectionLimits, createOAuthClient, type ProviderRegistration } from '@portcullis/oauth-client';
import { createSessions } from '@portcullis/session';
import { Hono } from 'hono';

/** For Google: `{ provider: google, clientId, credential: { secret } }`, and `google` from @portcullis/oauth-client/providers. */
export function createApp(origin: string, example: ProviderRegistration, limits: ConnectionLimits = {}) {
  const storage = createMemoryStorage();
  const sessions = createSessions({ storage, csrf: { origins: [origin] } });
  const oauth = createOAuthClient({
    storage,
    origin,
    encryptionKeys: { current: 'k1', keys: { k1: random(32) } }, // in production from the environment
    providers: { example },
    limits,
  });
  const callback = oauth.callbackHandler({
    async signedIn(result, exchange) {
      const user = result.user ?? `user-${crypto.randomUUID()}`; // an identity that nobody has: your sign-up
      await oauth.identities.link({ ...result.profile, provider: result.provider }, user);
      const { id, endsAt } = await sessions.signIn(exchange, { user, startedAt: result.startedAt });
      return { session: { id, user, endsAt } };
    },
  });

  const policy = createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
  const g = honoGuard(createGuard({ authenticators: [sessions.authenticator()], policy, roles: () => ['reader'] }));
  const app = new Hono();
  app.use(g.closed());
  app.get('/auth/:provider', g.open(), honoEndpoint(oauth.loginHandler())); // a link: /auth/example?returnTo=/
  app.on(['GET', 'POST'], '/auth/:provider/callback', g.open(), honoEndpoint(callback)); // registered at the provider
  app.get('/', g.require('posts:read'), (c) => c.text(`Hello ${c.var.auth.principal.id}`));
  app.onError(g.errors());
  return app;
}
