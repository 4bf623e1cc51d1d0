import { type ApiKeyEvents, createApiKeys } from '@portcullis/api-key';
import { createEvents, createGuard, type GuardEvents, type Principal } from '@portcullis/core';
import {
  createLoginThrottle,
  createRateLimiter,
  type LoginThrottleEvents,
  type RateLimitEvents,
} from '@portcullis/core/rate-limit';
import { honoGuard } from '@portcullis/hono';
import { createJwtVerifier, createSigningKeys, createTokenIssuer, type TokenEvents } from '@portcullis/jwt';
import type { OAuthEvents } from '@portcullis/oauth-client';
import { createSessions, type SessionEvents } from '@portcullis/session';
import type { SqliteStorage } from '@portcullis/storage-sqlite';
import type { Site } from './config.js';
import { policy } from './policy.js';
import { ringOf, type Secrets } from './secrets.js';
import { SessionData } from './session-data.js';
import type { Users } from './users.js';

/** Who calls, whatever the credential: a handler never asks whether it was a key, a token or a session. */
export interface UserPrincipal extends Principal {
  readonly kind: 'user';
}

export interface AuthParts {
  readonly storage: SqliteStorage;
  readonly users: Users;
  readonly secrets: Secrets;
  readonly site: Site;
}

type Reported = GuardEvents &
  ApiKeyEvents &
  SessionEvents &
  TokenEvents &
  LoginThrottleEvents &
  RateLimitEvents &
  OAuthEvents;

const asUser = (id: string): UserPrincipal => ({ kind: 'user', id });

/** Authentication, wired once. */
export function createAuth({ storage, users, secrets, site }: AuthParts) {
  const events = createEvents<Reported>();

  const keys = createApiKeys({
    brand: 'ink',
    environments: ['live'],
    // A key without scopes may do what its owner may.
    defaultScopes: 'unlimited',
    storage,
    events,
  });

  const sessions = createSessions({
    storage,
    csrf: { origins: site.origins, key: secrets.csrf, jsonOnly: ['/api/*'] },
    schema: SessionData,
    initialData: () => ({ written: [] }),
    isActive: users.isActive,
    events,
  });

  const tokens = createTokenIssuer({
    issuer: site.url,
    audience: site.url,
    keys: createSigningKeys({ storage, encryptionKeys: ringOf(secrets.sealing), events }),
    storage,
    refresh: { keys: ringOf(secrets.refresh) },
    events,
  });
  const verifier = createJwtVerifier({
    issuer: site.url,
    audience: site.url,
    algorithms: ['EdDSA'],
    keys: tokens.keys,
    revocations: tokens.revocations,
    principal: ({ principal }) => asUser(principal.id),
  });

  const throttle = createLoginThrottle({ storage, key: secrets.device, events });

  // Each sign-up costs a hash, and others wait for it.
  const signUps = createRateLimiter({
    name: 'sign-up',
    storage,
    rules: { algorithm: 'gcra', limit: 20, windowMs: 3_600_000 },
    events,
  });

  const guard = createGuard({
    authenticators: [
      keys.authenticator({ principal: ({ owner }) => asUser(owner) }),
      verifier.authenticator(),
      sessions.authenticator({ principal: ({ user }) => asUser(user) }),
    ],
    policy,
    roles: ({ id }) => users.rolesOf(id),
    events,
  });

  async function close(): Promise<void> {
    verifier.close();
    await Promise.all([keys.close(), sessions.close()]);
  }

  return { keys, sessions, tokens, throttle, signUps, guard, g: honoGuard(guard), events, close };
}

export type Auth = ReturnType<typeof createAuth>;
