import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiKeys } from '@portcullis/api-key';
import { createMemoryStorage, type Storage } from '@portcullis/core';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import Database from 'libsql';
import { fresh, median } from './duel.js';

const steps = [1_000, 10_000, 100_000, 1_000_000];
const sample = 1_000;

/** Microseconds for one verification, over keys that are spread over all that are stored. */
async function verifyTime(storage: Storage): Promise<(upTo: number) => Promise<number>> {
  const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: 'unlimited', lastUsed: false });
  const known: string[] = [];
  let stored = 0;
  return async (upTo) => {
    for (; stored < upTo; stored++) {
      const { key } = await keys.create({ owner: `user-${stored}`, name: 'bench' });
      known.push(key.reveal());
    }
    const next = fresh(Array.from({ length: sample }, (_, i) => known[Math.floor((i * upTo) / sample)] as string));
    const times: number[] = [];
    for (let round = 0; round < 60; round++) {
      const from = process.hrtime.bigint();
      for (let i = 0; i < sample; i++) await keys.verify(next());
      // The first rounds warm caches: the question is how the index scales.
      if (round >= 20) times.push(Number(process.hrtime.bigint() - from) / sample / 1e3);
    }
    return median(times);
  };
}

/** How the time of one lookup grows from 1,000 to 1,000,000 keys. */
export async function flatLookup(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
  const database = new Database(join(folder, 'keys.db'));
  const sqlite = createSqliteStorage(database);
  // The tables of the collections that were asked for so far.
  createApiKeys({ storage: sqlite, brand: 'acme', defaultScopes: 'unlimited', lastUsed: false });
  sqlite.migrate();
  // Only to fill it: what is measured are reads.
  database.exec('PRAGMA synchronous = OFF');
  const storages = { memory: createMemoryStorage({ maxRecords: 2_000_000 }), sqlite };
  console.log(
    `\n### API key verify by number of keys stored\n\n| storage | ${steps.map((n) => n.toLocaleString('en')).join(' | ')} | last / first |\n|---|--:|--:|--:|--:|--:|`,
  );
  for (const [name, storage] of Object.entries(storages)) {
    const at = await verifyTime(storage);
    const times: number[] = [];
    for (const step of steps) times.push(await at(step));
    const growth = (times.at(-1) as number) / (times[0] as number);
    console.log(`| ${name} | ${times.map((us) => `${us.toFixed(2)} µs`).join(' | ')} | ${growth.toFixed(2)} |`);
  }
  database.close();
  rmSync(folder, { recursive: true });
}
