// Another process with a cache over the same storage: reads what it is told to, and says what it saw.
import { cached } from '@portcullis/core';
import { createPostgresStorage } from '@portcullis/storage-postgres';
import { createRedisStorage } from '@portcullis/storage-redis';
import pg from 'pg';
import { createClient } from 'redis';

const [kind, url, place, ttl] = process.argv.slice(2);

async function open() {
  if (kind === 'PostgreSQL') {
    const pool = new pg.Pool({ connectionString: url, max: 3 });
    return { storage: createPostgresStorage(pool, { schema: place }), end: () => pool.end() };
  }
  const client = createClient({ url });
  client.on('error', () => {});
  await client.connect();
  return { storage: createRedisStorage(client, { prefix: place }), end: () => client.destroy() };
}

const { storage, end } = await open();
let reads = 0;
const counting = {
  ...storage,
  collection(definition) {
    const inner = storage.collection(definition);
    return { ...inner, get: (...given) => ((reads += 1), inner.get(...given)) };
  },
};
const over = cached(counting, { ttl: Number(ttl), max: 1000 });
const sessions = over.collection({ name: 'sessions', indexes: ['owner'] });
await storage.migrate();
// Subscribes the cache; it keeps nothing until it listens.
await sessions.get('warm');
await storage.bus.subscribe('portcullis.cache', { message: (text) => process.send({ message: text }), lost() {} });

process.on('message', async ({ read, ask, stop }) => {
  if (stop) {
    await over.close?.();
    await end();
    process.disconnect();
    return;
  }
  const before = reads;
  // An outage is not an answer: it is asked again.
  let found;
  try {
    found = await sessions.get(read);
  } catch {
    process.send({ ask, fromStorage: true });
    return;
  }
  process.send({ ask, found: found !== undefined, fromStorage: reads > before });
});
process.send({ ready: true });
