// One of several processes that use a database file at once. It reads a command from its parent, does it, and answers with what it got.
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import Libsql from 'libsql';

const [file, ids] = [process.argv[2], JSON.parse(process.argv[3])];
const database = new Libsql(file);
const storage = createSqliteStorage(database, { durability: 'normal' });
const items = storage.collection({ name: 'race', indexes: ['owner'] });
storage.migrate();

// All begin at once: none before the last has come.
const together = (round, processes) => {
  const arrivals = { algorithm: 'fixed-window', limit: processes, windowMs: 360_000_000 };
  storage.counters.consume(`arrived ${round}`, arrivals);
  while (storage.counters.consume(`arrived ${round}`, arrivals, { cost: 0 }).remaining > 0);
};

process.on('message', () => {
  // In rounds that begin together: none has them all before another has begun, not even where one was held up.
  const taken = [0, 1, 2, 3].flatMap((round) => {
    together(round, 4);
    const quarter = ids.slice((round * ids.length) / 4, ((round + 1) * ids.length) / 4);
    return quarter.filter((id) => items.take(id) !== undefined);
  });
  const created = ids.filter((id) => items.create({ id: `new ${id}`, owner: 'o', createdAt: 1 }) !== undefined);
  let allowed = 0;
  for (let count = 0; count < 400; count += 1) {
    if (storage.counters.consume('shared', { algorithm: 'fixed-window', limit: 1000, windowMs: 3_600_000 }).allowed)
      allowed += 1;
  }
  process.send({ taken, created, allowed }, () => {
    database.close();
    process.disconnect();
  });
});
process.send('ready');
