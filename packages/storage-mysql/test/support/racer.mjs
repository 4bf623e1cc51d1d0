// One of several processes that use a database at once. It reads a command from its parent, does it, and answers with what it got.
import { createMysqlStorage } from '@portcullis/storage-mysql';
import mysql from 'mysql2/promise';

const [options, ids, start] = process.argv.slice(2).map((text) => JSON.parse(text));
const pool = mysql.createPool({ ...options, connectionLimit: 5 });
const storage = createMysqlStorage(pool, { timeoutMs: 60_000 });
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

const race = async () => {
  const raced = async (work) => {
    const answers = await Promise.all(ids.map(work));
    return ids.filter((_, index) => answers[index] !== undefined);
  };
  const taken = [];
  for (const [round, turned] of rounds.entries()) {
    await together(round, 4);
    const answered = await Promise.all(turned.map((id) => items.take(id)));
    taken.push(...turned.filter((_, index) => answered[index] !== undefined));
  }
  const created = await raced((id) => items.create({ id: `new ${id}`, owner: 'o', createdAt: 1 }));
  const replaced = await raced((id) => items.create({ id: `expired ${id}`, owner: 'p', createdAt: 1 }));
  const rule = { algorithm: 'gcra', limit: 1000, windowMs: 360_000_000 };
  const answers = await Promise.all(Array.from({ length: 400 }, () => storage.counters.consume('shared', rule)));
  return { taken, created, replaced, allowed: answers.filter(({ allowed }) => allowed).length };
};

process.on('message', async () => {
  process.send(await race(), async () => {
    await pool.end();
    process.disconnect();
  });
});
process.send('ready');
