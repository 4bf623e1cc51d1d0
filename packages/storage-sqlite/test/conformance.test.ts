import { storageSuite, storageTestIds } from '@portcullis/conformance';
import { cached } from '@portcullis/core/storage';
import { fakeClock } from '@portcullis-internal/testkit';
import { createSqliteStorage } from '../src/index.js';
import { type OpenDatabase, breakable, drivers, temporaryFolder } from './support/databases.js';

const full = process.env['FULL'] === '1';
const clockTests = storageTestIds.filter((id) => id.startsWith('clocks.'));
const answersAtOnce = {
  reason: 'a call answers at once or throws: nobody waits who could give up',
  tests: storageTestIds.filter((id) => id.startsWith('hang.')),
};

for (const driver of drivers) {
  for (const place of ['file', 'memory', 'file, cached'] as const) {
    const clock = fakeClock();
    const folder = temporaryFolder();
    const others: OpenDatabase[] = [];
    let database: OpenDatabase;
    let setBroken: (broken: boolean) => void;

    storageSuite({
      name: `createSqliteStorage (${driver.name}, ${place})`,
      create(collections) {
        database = driver.open(place === 'memory' ? ':memory:' : folder.file('suite.db'));
        const wrapped = breakable(database);
        setBroken = wrapped.setBroken;
        // The suite makes tens of thousands of writes; what a sync to the disk adds has no part in what it proves.
        const storage = createSqliteStorage(wrapped.database, { clock, durability: 'normal' });
        for (const definition of collections) storage.collection(definition);
        storage.migrate();
        return place === 'file, cached' ? cached(storage, { ttl: 60_000, max: 50, clock }) : storage;
      },
      clock,
      advanceClock: (ms) => void clock.advance(ms),
      capabilities: { shared: place !== 'memory', durable: false, bus: false },
      another(other) {
        const connection = driver.open(folder.file('suite.db'));
        others.push(connection);
        return createSqliteStorage(connection, { clock: other, durability: 'normal' });
      },
      skip:
        place === 'memory'
          ? [answersAtOnce, { reason: 'a database in memory is seen by its one connection only', tests: clockTests }]
          : [answersAtOnce],
      breakIt() {
        setBroken(true);
        return () => setBroken(false);
      },
      destroy() {
        for (const each of [database, ...others]) each.close();
        folder.remove();
      },
      // In full where it is the file; the rest shows that nothing depends on the place.
      scale:
        place === 'file'
          ? { ...(full ? { members: 10_000 } : {}), modelRuns: 30 }
          : { members: 300, increments: 1000, modelRuns: 15 },
    });
  }
}
