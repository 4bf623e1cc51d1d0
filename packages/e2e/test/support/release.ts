import { apiKeyCollection, apiKeyFenceCollection, createApiKeys } from '@portcullis/api-key';
import {
  type AuthRequest,
  type CollectionDefinition,
  createMemoryStorage,
  Secret,
  type Storage,
} from '@portcullis/core';
import { createSigningKeys, createTokenIssuer, refreshFamilyCollection, signingKeyCollection } from '@portcullis/jwt';
import { createConnection, createTokenVault, grantCollection } from '@portcullis/oauth-client';
import { createPasswords } from '@portcullis/password';
import { createSealedSessions, createSessions, fenceCollection, sessionCollection } from '@portcullis/session';
import { exportRecords } from '@portcullis/transfer';

/** What a release has handed out and stored. */
export interface Stored {
  /** When, in absolute milliseconds. */
  readonly at: number;
  readonly apiKey: string;
  /** The key before its rotation, for which the grace lasts an hour. */
  readonly rotatedApiKey: string;
  readonly revokedApiKey: string;
  readonly sessionCookie: string;
  readonly sealedCookie: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly passwordHashes: readonly string[];
  /** JSON lines of `exportRecords`. */
  readonly records: readonly string[];
}

export const password = 'correct horse battery staple';

const collections = [
  apiKeyCollection,
  apiKeyFenceCollection,
  sessionCollection,
  fenceCollection,
  signingKeyCollection,
  refreshFamilyCollection,
  grantCollection,
] as unknown as readonly CollectionDefinition<never>[];

const bytes = (seed: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, index) => (index * 7 + seed) % 256);
const ring = (seed: number) => ({ current: 'k1', keys: { k1: bytes(seed) } });

/** The application, as it is configured in every release. */
export function application(storage: Storage, clock: () => number) {
  const common = { storage, clock };
  const csrf = { origins: ['https://app.example.org'] };
  const provider = {
    id: 'example',
    label: 'Example',
    issuer: 'https://id.example.com',
    discovery: 'oidc',
    openid: true,
    scopes: ['openid'],
    profile: () => ({ subject: 'sub-1', emailVerified: false }),
  } as const;
  return {
    keys: createApiKeys({ ...common, brand: 'acme', defaultScopes: [] }),
    sessions: createSessions({ ...common, csrf }),
    sealed: createSealedSessions({ clock, csrf, keys: ring(1) }),
    tokens: createTokenIssuer({
      ...common,
      issuer: 'https://auth.example.com',
      audience: 'https://posts.example.com',
      keys: createSigningKeys({ ...common, encryptionKeys: ring(2) }),
      refresh: { keys: ring(3) },
    }),
    vault: createTokenVault({
      ...common,
      encryptionKeys: ring(4),
      connections: [createConnection('example', { provider, clientId: 'app', credential: { secret: 'secret' } })],
    }),
    passwords: createPasswords(),
  };
}

export function requestWith(cookie: string): AuthRequest {
  const fields = (name: string) => (name === 'cookie' ? [cookie] : name === 'sec-fetch-site' ? ['same-origin'] : []);
  return { method: 'POST', url: '/', ip: undefined, header: (name) => fields(name)[0], headerValues: fields };
}

/** An exchange that remembers the cookie it was given. */
function visit() {
  let cookie = '';
  const response = {
    append: (name: string, value: string) => void (name === 'set-cookie' && (cookie = value.split(';')[0] as string)),
  };
  return { exchange: { request: requestWith(''), response }, cookie: () => cookie };
}

/** One of everything, as the code of today makes it. */
export async function writeStored(at: number): Promise<Stored> {
  const clock = () => at;
  const storage = createMemoryStorage({ clock });
  const { keys, sessions, sealed, tokens, vault, passwords } = application(storage, clock);
  const first = await keys.create({ owner: 'ada', name: 'CI', scopes: ['posts:read'], metadata: { plan: 'pro' } });
  const rotated = await keys.rotate(first.record.id, { graceMs: 3_600_000 });
  const revoked = await keys.create({ owner: 'ada', name: 'laptop' });
  await keys.revoke(revoked.record.id, { reason: 'lost' });
  await keys.revokeAll('eve', { reason: 'left' });
  await sessions.revokeAll('eve');
  const [browser, other] = [visit(), visit()];
  await sessions.signIn(browser.exchange, { user: 'ada' });
  await sealed.signIn(other.exchange, { user: 'ada' });
  const issued = await tokens.issue({ subject: 'ada', clientId: 'app', scope: ['posts:read'], startedAt: at });
  const { access_token: accessToken, refresh_token: refreshToken } = issued.reveal();
  await vault.store({
    user: 'ada',
    provider: 'example',
    tokens: {
      accessToken: new Secret('at-1'),
      tokenType: 'bearer',
      expiresAt: at + 3_600_000,
      scopes: ['openid'],
      extra: {},
    },
  });
  const records: string[] = [];
  for await (const lines of exportRecords(storage, { collections })) records.push(...lines.trimEnd().split('\n'));
  return {
    at,
    apiKey: rotated.key.reveal(),
    rotatedApiKey: first.key.reveal(),
    revokedApiKey: revoked.key.reveal(),
    sessionCookie: browser.cookie(),
    sealedCookie: other.cookie(),
    accessToken,
    refreshToken: refreshToken ?? '',
    passwordHashes: [await passwords.hash(password)],
    records,
  };
}
