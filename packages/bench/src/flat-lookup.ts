import { createHash } from 'node:crypto';
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

/** What is looked up: `add` stores one more and gives its plaintext. */
interface Store {
  add(n: number): Promise<string> | string;
  find(key: string): unknown;
}

function ours(storage: Storage): Store {
  const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: 'unlimited', lastUsed: false });
  return {
    add: async (n) => (await keys.create({ owner: `user-${n}`, name: 'bench' })).key.reveal(),
    find: (key) => keys.verify(key),
  };
}

/** The machine's own part in it: the more records, the fewer of them are in the processor's caches. */
function bareMap(): Store {
  const records = new Map<string, { readonly owner: string; readonly scopes: readonly string[] }>();
  const hash = (key: string): string => createHash('sha256').update(key).digest('hex');
  return {
    add(n) {
      const key = `acme_live_${createHash('sha256').update(`key ${n}`).digest('base64url')}`;
      records.set(hash(key), { owner: `user-${n}`, scopes: [`scope-${n}`] });
      return key;
    },
    find: (key) => records.get(hash(key))?.scopes[0]?.length,
  };
}

/** Microseconds for one lookup, over keys that are spread over all that are stored. */
function lookupTime(store: Store): (upTo: number) => Promise<number> {
  const known: string[] = [];
  return async (upTo) => {
    while (known.length < upTo) known.push(await store.add(known.length));
    const next = fresh(Array.from({ length: sample }, (_, i) => known[Math.floor((i * upTo) / sample)] as string));
    const times: number[] = [];
    for (let round = 0; round < 60; round++) {
      const from = process.hrtime.bigint();
      for (let i = 0; i < sample; i++) await store.find(next());
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
  const stores = {
    'a Map by SHA-256': bareMap(),
    memory: ours(createMemoryStorage({ maxRecords: 2_000_000 })),
    sqlite: ours(sqlite),
  };
  // Now that its collections have been asked for.
  sqlite.migrate();
  // Only to fill it: what is measured are reads.
  database.exec('PRAGMA synchronous = OFF');
  console.log(
    `\n### API key verify by number of keys stored\n\n| storage | ${steps.map((n) => n.toLocaleString('en')).join(' | ')} | last / first |\n|---|--:|--:|--:|--:|--:|`,
  );
  for (const [name, store] of Object.entries(stores)) {
    const at = lookupTime(store);
    const times: number[] = [];
    for (const step of steps) times.push(await at(step));
    const growth = (times.at(-1) as number) / (times[0] as number);
    console.log(`| ${name} | ${times.map((us) => `${us.toFixed(2)} µs`).join(' | ')} | ${growth.toFixed(2)} |`);
  }
  database.close();
  rmSync(folder, { recursive: true });
}
