// One of several processes that use a server at once. It reads a command from its parent, does it, and answers with what it got.
import { createRedisStorage } from '@portcullis/storage-redis';
import { Redis } from 'ioredis';

const [port, prefix, ids] = [Number(process.argv[2]), process.argv[3], JSON.parse(process.argv[4])];
const client = new Redis({ host: '127.0.0.1', port });
const storage = createRedisStorage(client, { prefix });
const items = storage.collection({ name: 'race', indexes: ['owner'] });
await storage.migrate();

const chosen = async (work) => (await Promise.all(ids.map(async (id) => ((await work(id)) ? [id] : [])))).flat();

process.on('message', async () => {
  const taken = await chosen(async (id) => (await items.take(id)) !== undefined);
  const created = await chosen(
    async (id) => (await items.create({ id: `new ${id}`, owner: 'o', createdAt: 1 })) !== undefined,
  );
  const rule = { algorithm: 'fixed-window', limit: 1000, windowMs: 3_600_000 };
  const units = await Promise.all(Array.from({ length: 400 }, () => storage.counters.consume('shared', rule)));
  process.send({ taken, created, allowed: units.filter((unit) => unit.allowed).length }, () => {
    client.disconnect();
    process.disconnect();
  });
});
process.send('ready');
