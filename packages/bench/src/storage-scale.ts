import { apiKeyCollection, type ApiKeyRecord, createApiKeys } from '@portcullis/api-key';
import { sessionCollection, type SessionRecord, type Sessions } from '@portcullis/session';
import { against, fresh } from './duel.js';
import { makePlace, openPlace, type ScaleKind, scaleKinds, type ScaleStorage } from './scale-storages.js';
import { fill, latencies, quantile, sampleSessions } from './storage-load.js';

const records = Number(process.env['SCALE'] ?? 1_000_000);
const kinds = (process.env['STORAGES']?.split(',') ?? scaleKinds) as readonly ScaleKind[];
const readsOnly = process.env['READS'] === 'only';
const sample = 2_000;
const ofOneUser = 10_000;
const goal = 1.25;

interface Work {
  readonly name: string;
  readonly ours: () => unknown;
  readonly driver: () => unknown;
}

/** Ours and the driver's in short turns, so that both see the same machine. */
async function compare(kind: ScaleKind, { name, ours, driver }: Work): Promise<void> {
  for (const callers of [1, 32]) {
    const turns = kind === 'sqlite' ? 600 : 300;
    const count = callers === 1 ? 20 : 96;
    const seen = { ours: [] as number[], driver: [] as number[] };
    for (let turn = -60; turn < turns; turn++) {
      const order = turn % 2 === 0 ? (['ours', 'driver'] as const) : (['driver', 'ours'] as const);
      for (const who of order) {
        const times = await latencies(callers, count, who === 'ours' ? ours : driver);
        if (turn >= 0) seen[who].push(...times);
      }
    }
    const us = (times: readonly number[]): string =>
      `${quantile(times, 0.5).toFixed(0)} / ${quantile(times, 0.99).toFixed(0)} µs`;
    const ratio = (q: number): number => quantile(seen.ours, q) / quantile(seen.driver, q);
    console.log(
      `| ${kind} | ${name} | ${callers} | ${us(seen.driver)} | ${us(seen.ours)} | ${against(ratio(0.5), goal)} | ${ratio(0.99).toFixed(2)} |`,
    );
  }
}

interface Facts {
  readonly kind: ScaleKind;
  readonly bytesKey: number;
  readonly bytesSession: number;
  readonly listMs: number;
  readonly revokeMs: number;
}

async function milliseconds(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

async function listAll(manager: Pick<Sessions<unknown>, 'list'>, user: string): Promise<void> {
  let seen = 0;
  let page = await manager.list(user);
  for (; page.cursor !== undefined; page = await manager.list(user, { cursor: page.cursor })) seen += page.items.length;
  if (seen + page.items.length !== ofOneUser) throw new Error(`${seen} sessions listed of ${ofOneUser}`);
}

async function sampleKeys(opened: ScaleStorage): Promise<{ readonly work: Work; readonly model: ApiKeyRecord }> {
  const keys = createApiKeys({ storage: opened.storage, brand: 'acme', defaultScopes: 'unlimited', lastUsed: false });
  await opened.migrate();
  const issued = [];
  for (let i = 0; i < sample; i++) issued.push(await keys.create({ owner: `owner-${i}`, name: 'bench' }));
  const next = fresh(issued.map(({ key }) => key.reveal()));
  const nextId = fresh(issued.map(({ record }) => record.id));
  const stored = await opened.storage.collection(apiKeyCollection).get(issued[0]?.record.id as string);
  if ((await keys.verify(next())).outcome !== 'verified') throw new Error('a good key was refused');
  const work = {
    name: 'key verify',
    ours: () => keys.verify(next()),
    driver: () => opened.point(apiKeyCollection.name, nextId()),
  };
  return { work, model: (stored as { record: ApiKeyRecord }).record };
}

async function measure(kind: ScaleKind): Promise<Facts | undefined> {
  const { place, remove } = await makePlace(kind);
  const began = Date.now();
  const clock = (): number => began;
  const open = async (filling: boolean): Promise<ScaleStorage> => openPlace(place, { clock, filling });
  const opened = await open(false);
  const filled = await open(true);
  try {
    const keys = await sampleKeys(opened);
    const empty = await opened.bytes();
    const owner = (n: number): Partial<ApiKeyRecord> => ({ owner: `owner-${n % 100_000}`, createdAt: began - n });
    await fill(filled.storage.collection(apiKeyCollection), keys.model, { from: 0, to: records, change: owner });
    const withKeys = await opened.bytes();

    const { manager, read, nextId, model } = await sampleSessions(opened, clock, sample);
    const work = { name: 'session read', ours: read, driver: () => opened.point(sessionCollection.name, nextId()) };
    const sessions = filled.storage.collection(sessionCollection);
    const many = (n: number): Partial<SessionRecord> => ({ user: 'many', createdAt: began - n });
    await fill(sessions, model, { from: 0, to: ofOneUser, change: many });
    const others = (n: number): Partial<SessionRecord> => ({ user: `user-${n % 100_000}`, createdAt: began - n });
    await fill(sessions, model, { from: ofOneUser, to: records, change: others });
    const withSessions = await opened.bytes();

    await compare(kind, keys.work);
    await compare(kind, work);
    if (readsOnly) {
      await manager.close();
      return undefined;
    }

    const listMs = await milliseconds(() => listAll(manager, 'many'));
    const revokeMs = await milliseconds(async () => {
      const ended = await manager.revokeAll('many');
      if (ended !== ofOneUser) throw new Error(`${kind}: ${ended} sessions ended of ${ofOneUser}`);
    });

    await manager.close();
    const bytes = { bytesKey: (withKeys - empty) / records, bytesSession: (withSessions - withKeys) / records };
    return { kind, ...bytes, listMs, revokeMs };
  } finally {
    await filled.close();
    await opened.close();
    await remove();
  }
}

/**
 * A million keys and a million sessions in each database: reading one beside the driver's own point query, and what is done to many.
 * `SCALE=100000` for fewer, `STORAGES=sqlite,redis` for some, `READS=only` for the first table alone. It needs the servers on their usual local ports, and takes a long time.
 */
export async function storageScale(): Promise<void> {
  console.log(`\n### ${records.toLocaleString('en')} keys and ${records.toLocaleString('en')} sessions: one read\n`);
  console.log(
    '| storage | work | callers | driver + JSON.parse, p50 / p99 | portcullis, p50 / p99 | ratio of p50 | ratio of p99 |',
  );
  console.log('|---|---|--:|--:|--:|--:|--:|');
  const all: Facts[] = [];
  for (const kind of kinds) {
    const facts = await measure(kind);
    if (facts !== undefined) all.push(facts);
  }
  if (all.length === 0) return;
  console.log(`\n### ${records.toLocaleString('en')} keys and sessions: many at once\n`);
  console.log(
    `| storage | bytes a key | bytes a session | list ${ofOneUser.toLocaleString('en')} of one user | end them all |`,
  );
  console.log('|---|--:|--:|--:|--:|');
  for (const { kind, bytesKey, bytesSession, listMs, revokeMs } of all) {
    console.log(
      `| ${kind} | ${bytesKey.toFixed(0)} | ${bytesSession.toFixed(0)} | ${listMs.toFixed(0)} ms | ${revokeMs.toFixed(0)} ms |`,
    );
  }
}
