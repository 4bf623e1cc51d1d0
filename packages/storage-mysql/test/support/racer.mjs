// One of several processes that use a database at once. It reads a command from its parent, does it, and answers with what it got.
import { createMysqlStorage } from '@portcullis/storage-mysql';
import mysql from 'mysql2/promise';

const [options, ids, start] = process.argv.slice(2).map((text) => JSON.parse(text));
const pool = mysql.createPool({ ...options, connectionLimit: 5 });
const storage = createMysqlStorage(pool, { timeoutMs: 60_000 });
const items = storage.collection({ name: 'race', indexes: ['owner'] });
await storage.migrate();

// All begin at once: none before the last has come.
const together = async (processes) => {
  const arrivals = { algorithm: 'fixed-window', limit: processes, windowMs: 360_000_000 };
  await storage.counters.consume('arrived', arrivals);
  while ((await storage.counters.consume('arrived', arrivals, { cost: 0 })).remaining > 0);
};

const race = async () => {
  await together(4);
  const raced = async (work) => {
    const answers = await Promise.all(ids.map(work));
    return ids.filter((_, index) => answers[index] !== undefined);
  };
  // From a place of its own on, so that none has them all before another has begun, and each meets the others.
  const turned = [...ids.slice(start), ...ids.slice(0, start)];
  const answered = await Promise.all(turned.map((id) => items.take(id)));
  const taken = turned.filter((_, index) => answered[index] !== undefined);
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
