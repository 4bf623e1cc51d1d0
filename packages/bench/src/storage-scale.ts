import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { apiKeyCollection, type ApiKeyRecord, createApiKeys } from '@portcullis/api-key';
import type { Collection, StoredRecord } from '@portcullis/core';
import { createSessions, sessionCollection, type SessionRecord, type Sessions } from '@portcullis/session';
import { against, fresh } from './duel.js';
import { PlainRequest } from './plain-request.js';
import {
  makePlace,
  openPlace,
  type ScaleKind,
  scaleKinds,
  type ScalePlace,
  type ScaleStorage,
} from './scale-storages.js';

const records = Number(process.env['SCALE'] ?? 1_000_000);
const expired = records / 2;
const kinds = (process.env['STORAGES']?.split(',') ?? scaleKinds) as readonly ScaleKind[];
const readsOnly = process.env['READS'] === 'only';
const sample = 2_000;
const ofOneUser = 10_000;
const goal = 1.25;
const minute = 60_000;
const day = 1_440 * minute;

/** Runs `count` calls with so many callers at once; microseconds of each. */
async function latencies(callers: number, count: number, call: () => unknown): Promise<number[]> {
  const times: number[] = [];
  let left = count;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (left-- > 0) {
        const from = process.hrtime.bigint();
        await call();
        times.push(Number(process.hrtime.bigint() - from) / 1e3);
      }
    }),
  );
  return times;
}

const quantile = (times: readonly number[], q: number): number =>
  [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * q))] as number;

/** Creates records that differ in their id from one that the feature itself made. */
async function fill<T extends StoredRecord>(
  collection: Collection<T>,
  model: T,
  { from, to, change }: { readonly from: number; readonly to: number; readonly change: (n: number) => Partial<T> },
): Promise<void> {
  let next = from;
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (next < to) {
        const n = next++;
        const id = `${n.toString(36).padStart(8, '0')}${model.id.slice(8)}`;
        await collection.create({ ...model, id, ...change(n) });
        // A storage that answers synchronously would let nobody else run.
        if (n % 1000 === 0) await new Promise(setImmediate);
      }
    }),
  );
}

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
  readonly quiet: readonly number[];
  readonly sweepMs: number;
  readonly busy: readonly number[];
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

/** Reads at a steady pace, as requests arrive, until it is told to stop; microseconds from when each was due. */
function serve(read: () => unknown, perSecond: number): () => Promise<readonly number[]> {
  const times: number[] = [];
  const begun = process.hrtime.bigint();
  let due = 0;
  let going = true;
  const done = (async () => {
    while (going) {
      const elapsed = Number(process.hrtime.bigint() - begun) / 1e3;
      const wait = due - elapsed;
      if (wait > 1_000) await new Promise((resolve) => setTimeout(resolve, 1));
      else if (wait > 0) await new Promise(setImmediate);
      else {
        const was = due;
        due += 1e6 / perSecond;
        await read();
        times.push(Number(process.hrtime.bigint() - begun) / 1e3 - was);
      }
    }
  })();
  return async () => {
    going = false;
    await done;
    return times;
  };
}

function sweepElsewhere(place: ScalePlace, now: number): Promise<number> {
  const script = fileURLToPath(new URL('storage-sweeper.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(place), String(now)]);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk));
  child.stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk));
  return new Promise((resolve, reject) => {
    child.on('close', (code) =>
      code === 0 ? resolve(Number(output)) : reject(new Error(`the sweeper ended with ${code}`)),
    );
  });
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

async function sampleSessions(opened: ScaleStorage, clock: () => number) {
  // Long sessions, so that the sample is still there when time has moved on for the sweep.
  const manager = createSessions({
    storage: opened.storage,
    csrf: { origins: ['https://app.example.org'] },
    absoluteTimeout: 30 * day,
    idleTimeout: 20 * day,
    clock,
  });
  await opened.migrate();
  const request = new PlainRequest({ 'sec-fetch-site': 'same-origin' });
  const cookies: string[] = [];
  const append = (name: string, value: string): void =>
    void (name === 'set-cookie' && cookies.push(value.split(';')[0] as string));
  const ids: string[] = [];
  for (let i = 0; i < sample; i++)
    ids.push((await manager.signIn({ request, response: { append } }, { user: `user-${i}` })).id);
  const next = fresh(cookies);
  const nextId = fresh(ids);
  const read = (): unknown => manager.read(new PlainRequest({ cookie: next() }));
  if ((await read()) === undefined) throw new Error('a good session was not found');
  const stored = await opened.storage.collection(sessionCollection).get(ids[0] as string);
  const work = { name: 'session read', ours: read, driver: () => opened.point(sessionCollection.name, nextId()) };
  return { manager, read, work, model: (stored as { record: SessionRecord }).record };
}

async function measure(kind: ScaleKind): Promise<Facts | undefined> {
  const { place, remove } = await makePlace(kind);
  const began = Date.now();
  let now = began;
  const clock = (): number => now;
  const open = async (filling: boolean): Promise<ScaleStorage> => openPlace(place, { clock, filling });
  const opened = await open(false);
  const filled = await open(true);
  try {
    const keys = await sampleKeys(opened);
    const empty = await opened.bytes();
    const owner = (n: number): Partial<ApiKeyRecord> => ({ owner: `owner-${n % 100_000}`, createdAt: began - n });
    await fill(filled.storage.collection(apiKeyCollection), keys.model, { from: 0, to: records, change: owner });
    const withKeys = await opened.bytes();

    const { manager, read, work, model } = await sampleSessions(opened, clock);
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

    const soon = { expiresAt: began + minute, endsAt: began + minute };
    const gone = (n: number): Partial<SessionRecord> => ({ ...soon, user: `gone-${n % 1000}`, createdAt: began - n });
    await fill(sessions, model, { from: records, to: records + expired, change: gone });
    // Sweeping goes by the hour in which a record ended.
    now = began + 2 * 60 * minute;
    const stop = serve(read, 500);
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    const quiet = await stop();
    const stopBusy = serve(read, 500);
    let swept = 0;
    const sweepMs = await milliseconds(async () => {
      swept = await sweepElsewhere(place, now);
    });
    const busy = await stopBusy();
    if (swept !== expired) throw new Error(`${kind}: ${swept} records swept of ${expired}`);
    await manager.close();
    const bytes = { bytesKey: (withKeys - empty) / records, bytesSession: (withSessions - withKeys) / records };
    return { kind, ...bytes, listMs, revokeMs, quiet, sweepMs, busy };
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
    `| storage | bytes a key | bytes a session | list ${ofOneUser.toLocaleString('en')} of one user | end them all | sweep ${expired.toLocaleString('en')} | serving p99, quiet | while sweeping |`,
  );
  console.log('|---|--:|--:|--:|--:|--:|--:|--:|');
  for (const { kind, bytesKey, bytesSession, listMs, revokeMs, quiet, sweepMs, busy } of all) {
    const [before, during] = [quantile(quiet, 0.99), quantile(busy, 0.99)];
    console.log(
      `| ${kind} | ${bytesKey.toFixed(0)} | ${bytesSession.toFixed(0)} | ${listMs.toFixed(0)} ms | ${revokeMs.toFixed(0)} ms | ${(sweepMs / 1e3).toFixed(1)} s | ${before.toFixed(0)} µs | ${during.toFixed(0)} µs, ${against(during / before, 2)} |`,
    );
  }
}
