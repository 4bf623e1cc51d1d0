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
const together = async (round, processes) => {
  const arrivals = { algorithm: 'fixed-window', limit: processes, windowMs: 360_000_000 };
  await storage.counters.consume(`arrived ${round}`, arrivals);
  while ((await storage.counters.consume(`arrived ${round}`, arrivals, { cost: 0 })).remaining > 0);
};

// From a place of its own on, and in rounds that begin together: none has them all before another has begun, not even where one was held up.
const turn = (list, from) => [...list.slice(from), ...list.slice(0, from)];
const rounds = [0, 1, 2, 3].map((round) =>
  turn(ids.slice((round * ids.length) / 4, ((round + 1) * ids.length) / 4), start / 4),
);
const chosen = async (list, work) => (await Promise.all(list.map(async (id) => ((await work(id)) ? [id] : [])))).flat();

process.on('message', async () => {
  const taken = [];
  for (const [round, turned] of rounds.entries()) {
    await together(round, 4);
    taken.push(...(await chosen(turned, async (id) => (await items.take(id)) !== undefined)));
  }
  const created = await chosen(
    rounds.flat(),
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
