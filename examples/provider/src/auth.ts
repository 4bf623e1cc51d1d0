import { createGuard, createPolicy, type Exchange, random } from '@portcullis/core';
import { createOriginCheck } from '@portcullis/core/csrf';
import { createLoginThrottle } from '@portcullis/core/rate-limit';
import { createJwtVerifier } from '@portcullis/jwt';
import { createSessions } from '@portcullis/session';
import type { Data } from './data.js';

const policy = createPolicy({
  permissions: ['profile:read', 'clients:approve'],
  roles: { user: ['profile:read', 'clients:approve'] },
  // What a client's token may do at most. Approving clients is for the user's own session.
  scopes: { profile: ['profile:read'] },
});

const loopback = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Who calls: a person, by their session, or a client for them, by a token of the provider. */
export function createAuth(
  { storage, passwords, users }: Data,
  site: { readonly issuer: string; readonly audience: string },
) {
  // A name of its own: on one machine, clients on other ports have the same host, and browsers keep one cookie of a name for it.
  const cookie = { name: '__Host-yourservice' };
  const sessions = createSessions({ storage, cookie, csrf: { origins: [site.issuer] } });
  const ownPage = createOriginCheck({ origins: [site.issuer] });
  // With several processes: one key for all, from the environment.
  const throttle = createLoginThrottle({ storage, key: random(32) });
  const verifier = createJwtVerifier({
    issuer: site.issuer,
    audience: site.audience,
    algorithms: ['ES256'],
    jwks: `${site.issuer}/jwks`,
    remote: { dangerouslyAllowPrivateNetwork: loopback.has(new URL(site.issuer).hostname) },
  });
  const guard = createGuard({
    authenticators: [sessions.authenticator(), verifier.authenticator()],
    policy,
    roles: ({ kind, id }) => (kind === 'user' && users.find(id) !== undefined ? ['user'] : []),
  });

  /** Signs in who knows the password. What to say to who does not. */
  async function signIn(exchange: Exchange, form: URLSearchParams): Promise<string | undefined> {
    const startedAt = Date.now();
    if (!ownPage.check(exchange.request).allowed) return 'Send this form from its own page.';
    const email = (form.get('email') ?? '').trim().toLowerCase();
    const user = users.findByEmail(email);
    const who = { account: user?.id ?? email, address: exchange.request.ip };
    const gate = await throttle.attempt(who);
    if (gate.outcome === 'unavailable') throw gate.cause;
    if (gate.outcome !== 'allowed') return 'Too many attempts. Wait a little.';
    const result = await passwords.verify(form.get('password') ?? '', user?.passwordHash);
    if (user === undefined || !result.verified) return 'Wrong address or password.';
    await throttle.succeeded(who);
    await sessions.signIn(exchange, { user: user.id, startedAt, amr: ['pwd'] });
    return undefined;
  }

  return { sessions, guard, verifier, signIn };
}

export type Auth = ReturnType<typeof createAuth>;
