// One of several processes that share a vault. It does what its parent says: reads a token for many callers, or stops for ever at a point of its
// storage's work, so that it can be killed there.
import { createConnection, createTokenVault } from '@portcullis/oauth-client';

const { kind, place, prefix, issuer, ring, leaseMs } = JSON.parse(process.argv[2]);

// Each process loads what it needs only: many of them start in a run.
const opened = {
  async SQLite() {
    const { createSqliteStorage } = await import('@portcullis/storage-sqlite');
    const { default: Libsql } = await import('libsql');
    const database = new Libsql(place);
    return { storage: createSqliteStorage(database, { durability: 'normal' }), close: () => database.close() };
  },
  async PostgreSQL() {
    const { createPostgresStorage } = await import('@portcullis/storage-postgres');
    const { default: pg } = await import('pg');
    const pool = new pg.Pool({ connectionString: place, max: 4, options: '-c synchronous_commit=off' });
    return { storage: createPostgresStorage(pool, { schema: prefix }), close: () => pool.end() };
  },
  async Redis() {
    const { createRedisStorage } = await import('@portcullis/storage-redis');
    const { createClient } = await import('redis');
    const client = createClient({ url: place });
    client.on('error', () => {});
    await client.connect();
    return { storage: createRedisStorage(client, { prefix }), close: () => client.close() };
  },
};
const { storage: real, close } = await opened[kind]();

// Set by the parent: the operation, and whether before or after it, at which this process stops.
let stopAt;
const stop = async (point) => {
  if (point !== stopAt) return;
  process.send({ stoppedAt: point });
  await new Promise(() => {});
};
const storage = {
  ...real,
  collection(definition) {
    const records = real.collection(definition);
    return {
      ...records,
      async update(id, version, record, call) {
        const step = record.attempt === undefined ? 'result' : 'attempt';
        await stop(`before ${step}`);
        const written = await records.update(id, version, record, call);
        await stop(`after ${step}`);
        return written;
      },
    };
  },
};

const connection = createConnection(
  'example',
  {
    provider: {
      id: 'example',
      label: 'Example',
      issuer,
      discovery: 'none',
      endpoints: { token: `${issuer}/token` },
      openid: false,
      scopes: [],
      profile: () => ({ subject: '', emailVerified: false }),
    },
    clientId: 'app',
    credential: { secret: 'secret' },
  },
  { dangerouslyAllowPrivateNetwork: true },
);
const vault = createTokenVault({ storage, encryptionKeys: ring, connections: [connection], leaseMs });

const outcome = (promise) =>
  promise.then(
    ({ token }) => token.reveal(),
    (error) => `error: ${error.code ?? error}`,
  );

process.on('message', async ({ user, callers = 1, stopAt: point, end }) => {
  if (end) {
    await close();
    process.disconnect();
    return;
  }
  stopAt = point;
  const tokens = await Promise.all(Array.from({ length: callers }, () => outcome(vault.accessToken(user, 'example'))));
  process.send({ tokens: [...new Set(tokens)], callers: tokens.length });
});
process.send('ready');
