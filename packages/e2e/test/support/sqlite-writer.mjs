// A process that makes and revokes keys until it is killed, and tells its parent of each that was acknowledged.
import { createApiKeys } from '@portcullis/api-key';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import Database from 'libsql';

const database = new Database(process.argv[2]);
const storage = createSqliteStorage(database);
const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: 'unlimited', lastUsed: false });
storage.migrate();
const tell = (fact) => new Promise((resolve) => process.send(fact, resolve));

for (let round = 0; ; round += 1) {
  const issued = await keys.create({ owner: 'ada' });
  const text = issued.key.reveal();
  await tell({ made: text });
  if (round % 3 === 0) continue;
  await tell({ ending: text });
  await keys.revoke(issued.record.id, { reason: 'load' });
  await tell({ revoked: text });
}
