import { apiKeyCollection, type ApiKeyRecord, createApiKeys } from '@portcullis/api-key';
import { sessionCollection, type SessionRecord } from '@portcullis/session';
import { makePlace, openPlace, type ScaleKind, scaleKinds } from './scale-storages.js';
import { fill, sampleSessions } from './storage-load.js';

const records = Number(process.env['SCALE'] ?? 100_000);
const kinds = (process.env['STORAGES']?.split(',') ?? scaleKinds) as readonly ScaleKind[];
const rule = { algorithm: 'gcra', limit: 100, windowMs: 3_600_000 } as const;

async function measure(kind: ScaleKind): Promise<void> {
  const { place, remove } = await makePlace(kind);
  const began = Date.now();
  const filled = await openPlace(place, { clock: () => began, filling: true });
  try {
    const { storage } = filled;
    const keys = createApiKeys({ storage, brand: 'acme', defaultScopes: 'unlimited', lastUsed: false });
    const { manager, model } = await sampleSessions(filled, () => began, 1);
    const { record } = await keys.create({ owner: 'owner-1', name: 'production' });
    const key = (await storage.collection(apiKeyCollection).get(record.id)) as { record: ApiKeyRecord };
    const [empty, before] = [await filled.bytes(), await filled.sizes()];
    const keyOf = (n: number): Partial<ApiKeyRecord> => ({ owner: `owner-${n % 10_000}`, createdAt: began - n });
    const sessionOf = (n: number): Partial<SessionRecord> => ({ user: `user-${n % 50_000}`, createdAt: began - n });
    await fill(storage.collection(apiKeyCollection), key.record, { from: 0, to: records, change: keyOf });
    await fill(storage.collection(sessionCollection), model, { from: 0, to: records, change: sessionOf });
    for (let n = 0; n < records; n += 200)
      await Promise.all(Array.from({ length: 200 }, (_, at) => storage.counters.consume(`ip:${n + at}`, rule)));
    await filled.settle();
    const whole = (await filled.bytes()) - empty;
    const sizes = await filled.sizes();
    for (const [name, bytes] of Object.entries(sizes).sort()) {
      const grown = bytes - (before[name] ?? 0);
      if (grown / records >= 0.5)
        console.log(`| ${kind} | ${name.replace('scale_', '')} | ${(grown / records).toFixed(0)} |`);
    }
    // A server of Redis may be used by others meanwhile.
    if (kind !== 'redis') console.log(`| ${kind} | all | ${(whole / records).toFixed(0)} |`);
    await manager.close();
  } finally {
    await filled.close();
    await remove();
  }
}

/** How many bytes a record takes in each database, by table and index. `SCALE=200000` for more records, `STORAGES=redis` for some. */
export async function storageSize(): Promise<void> {
  console.log(`\n### ${records.toLocaleString('en')} keys, sessions and counters: bytes for one of each\n`);
  console.log('| storage | what | bytes a record |\n|---|---|--:|');
  for (const kind of kinds) await measure(kind);
}
