import { createHash } from 'node:crypto';
import { apiKey } from '@better-auth/api-key';
import { sha256 } from '@noble/hashes/sha2.js';
import { createApiKeys } from '@portcullis/api-key';
import { createMemoryStorage } from '@portcullis/core';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import passport from 'passport';
import { HeaderAPIKeyStrategy } from 'passport-headerapikey';
import { type Contender, duel, fresh } from './duel.js';

const count = 1000;
const encoder = new TextEncoder();

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

/** A contender that verifies one key; checked with the good key and one whose end was changed. */
function verifier(
  name: string,
  keys: readonly string[],
  verify: (key: string) => unknown,
  more: Partial<Contender> = {},
): Contender {
  const next = fresh(keys);
  const good = keys[7] as string;
  const bad = good.slice(0, -3) + (good.endsWith('AAA') ? 'BBB' : 'AAA');
  return {
    name,
    run: () => verify(next()),
    check: async () => Boolean(await verify(good)) && !(await Promise.resolve(verify(bad)).catch(() => false)),
    ...more,
  };
}

async function portcullis() {
  const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: 'unlimited' });
  const plain: string[] = [];
  for (let i = 0; i < count; i++)
    plain.push((await keys.create({ owner: `user-${i}`, name: `key ${i}` })).key.reveal());
  const ok = (result: object): boolean => 'outcome' in result && result.outcome === 'verified';
  return { keys, plain, ok };
}

function passportKeys(byHash: ReadonlyMap<string, object>): (key: string) => unknown {
  const own = new passport.Passport();
  own.use(
    new HeaderAPIKeyStrategy(
      { header: 'X-Api-Key', prefix: '' },
      false,
      (key: string, done: (error: null, user: object | false) => void) =>
        done(null, byHash.get(createHash('sha256').update(key).digest('hex')) ?? false),
    ),
  );
  const middleware = own.authenticate('headerapikey', { session: false }) as (
    req: object,
    res: object,
    next: () => void,
  ) => void;
  return (key) => {
    const req: { headers: object; user?: object } = { headers: { 'x-api-key': key } };
    middleware(req, { setHeader() {}, end() {} }, () => {});
    return req.user;
  };
}

interface BetterAuthKeys {
  createApiKey(call: { body: { userId: string; name: string } }): Promise<{ key: string }>;
  verifyApiKey(call: { body: { key: string } }): Promise<{ valid: boolean }>;
}

async function betterAuthKeys() {
  process.env['BETTER_AUTH_TELEMETRY'] = '0';
  const auth = betterAuth({
    baseURL: 'http://127.0.0.1:3000',
    secret: 'x'.repeat(40),
    telemetry: { enabled: false },
    logger: { disabled: true },
    rateLimit: { enabled: false },
    database: memoryAdapter({ user: [], session: [], account: [], verification: [], apikey: [] }),
    // Its two packages were installed with different copies of their shared types.
    plugins: [apiKey({ rateLimit: { enabled: false } }) as never],
  });
  const { internalAdapter } = await auth.$context;
  const createUser = internalAdapter.createUser as unknown as (user: object) => Promise<{ id: string }>;
  const user = await createUser({ email: 'a@example.com', name: 'A', emailVerified: true });
  const api = auth.api as unknown as BetterAuthKeys;
  const plain: string[] = [];
  for (let i = 0; i < 100; i++) plain.push((await api.createApiKey({ body: { userId: user.id, name: `k${i}` } })).key);
  const verify = async (key: string): Promise<boolean> => (await api.verifyApiKey({ body: { key } })).valid;
  return { plain, verify };
}

/** Verifying an API key, memory storage. */
export async function apiKeys(): Promise<void> {
  const { keys, plain, ok } = await portcullis();
  const byHash = new Map(plain.map((key, i) => [hex(sha256(encoder.encode(key))), { id: i }]));
  const limit = verifier(
    'limit: noble sha256 + hex + Map.get',
    plain,
    (key) => byHash.get(hex(sha256(encoder.encode(key)))),
    { limit: true },
  );
  await duel(`API key verify, ${count} keys in memory, a fresh string each call`, [
    limit,
    verifier('portcullis', plain, (key) => ok(keys.verify(key) as object), { goal: 0.55 }),
    verifier('passport-headerapikey + sha256', plain, passportKeys(byHash)),
  ]);
  // Last and alone: it turns on AsyncLocalStorage, which makes every await of the process dearer.
  const other = await betterAuthKeys();
  await duel('API key verify, better-auth (100 keys, memory adapter)', [
    limit,
    verifier('better-auth', other.plain, other.verify),
  ]);
}
