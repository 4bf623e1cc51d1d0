// One of several processes that use a server at once. It reads a command from its parent, does it, and answers with what it got.
import { createRedisStorage } from '@portcullis/storage-redis';
import { Redis } from 'ioredis';

const [port, prefix, ids, start] = [
  Number(process.argv[2]),
  process.argv[3],
  JSON.parse(process.argv[4]),
  Number(process.argv[5]),
];
const client = new Redis({ host: '127.0.0.1', port });
const storage = createRedisStorage(client, { prefix });
const items = storage.collection({ name: 'race', indexes: ['owner'] });
await storage.migrate();

// All begin at once: none before the last has come.
const together = async (processes) => {
  const arrivals = { algorithm: 'fixed-window', limit: processes, windowMs: 360_000_000 };
  await storage.counters.consume('arrived', arrivals);
  while ((await storage.counters.consume('arrived', arrivals, { cost: 0 })).remaining > 0);
};

// From a place of its own on, so that none has them all before another has begun, and each meets the others.
const turned = [...ids.slice(start), ...ids.slice(0, start)];
const chosen = async (work) => (await Promise.all(turned.map(async (id) => ((await work(id)) ? [id] : [])))).flat();

process.on('message', async () => {
  await together(4);
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
