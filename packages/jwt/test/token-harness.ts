import { type Clock, createEvents, createMemoryStorage, type Events, type Storage } from '@portcullis/core';
import { fakeClock, type FakeClock } from '@portcullis-internal/testkit';
import { createTokenIssuer } from '../src/issue/create-token-issuer.js';
import type { Login, TokenIssuer, TokenIssuerOptions } from '../src/issue/token-issuer.js';
import type { TokenEvents } from '../src/issue/token-events.js';
import { fixedSigningKeys } from '../src/sign/fixed-signing-keys.js';
import type { SigningKeys } from '../src/sign/signing-keys.js';
import type { TokenFacts } from '../src/verify/revocation-check.js';

/** Thirty-two bytes that are random enough for a test and the same in every run. */
export const testKey = (seed: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => (seed * 31 + i * 7) & 255);

export const refreshKeys = { current: 'k1', keys: { k1: testKey(1) } };

/** An Ed25519 pair made for these tests. */
const ed25519 = {
  kty: 'OKP',
  crv: 'Ed25519',
  d: 'wiJcQFpl1fOjU2LIDsK1sq25QGgXTXzqrSNyYGKEu-g',
  x: 'AqQUp5XgKbu0VZJY7XGHD4tR2wBSBf1fK3fx1nO7ya4',
} as const;

export const testKeys: SigningKeys = fixedSigningKeys({ current: { algorithm: 'EdDSA', key: ed25519 } });

export const issuer = 'https://auth.example.com';
export const audience = 'https://api.example.com';

/** What a revocation is decided by, of one token. */
export const tokenFacts = (more: Partial<TokenFacts> = {}): TokenFacts => ({
  iss: issuer,
  jti: 'jti-1',
  sub: 'user-1',
  sid: 'family-1',
  clientId: 'app',
  issuedAt: 1000,
  expiresAt: 9000,
  ...more,
});

export const login: Login = {
  subject: 'user-1',
  clientId: 'app',
  scope: ['posts:read', 'posts:write'],
  tenant: 'acme',
  amr: ['pwd'],
};

export interface Harness {
  readonly clock: FakeClock;
  readonly storage: Storage;
  readonly events: Events<TokenEvents>;
  /** Types of what was reported, in order. */
  readonly log: string[];
  readonly tokens: TokenIssuer;
  /** Another process on the same storage. */
  replica(options?: Partial<TokenIssuerOptions>): TokenIssuer;
}

export function harness(
  options: Partial<TokenIssuerOptions> & { readonly makeStorage?: (clock: Clock) => Storage } = {},
): Harness {
  const { makeStorage = (clock: Clock) => createMemoryStorage({ clock }), ...rest } = options;
  const clock = fakeClock();
  const storage = rest.storage ?? makeStorage(clock);
  const events = createEvents<TokenEvents>({ clock });
  const log: string[] = [];
  events.on('*', (event) => {
    log.push('reason' in event ? `${event.type}:${event.reason}` : event.type);
  });
  const replica = (more: Partial<TokenIssuerOptions> = {}): TokenIssuer =>
    createTokenIssuer({
      issuer,
      audience,
      keys: testKeys,
      storage,
      refresh: { keys: refreshKeys },
      clock,
      events,
      ...rest,
      ...more,
    });
  return { clock, storage, events, log, tokens: replica(), replica };
}

/** The payload of a JWT, unchecked. */
export function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

/** The header of a JWT, unchecked. */
export function headerOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as Record<string, unknown>;
}
