import type { Collection, StoredRecord } from '@portcullis/core';
import { createSessions, sessionCollection, type SessionRecord, type Sessions } from '@portcullis/session';
import { fresh } from './duel.js';
import { PlainRequest } from './plain-request.js';
import type { ScaleStorage } from './scale-storages.js';

const day = 86_400_000;

/** Runs `count` calls with so many callers at once; microseconds of each. */
export async function latencies(callers: number, count: number, call: () => unknown): Promise<number[]> {
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

/** The value that so large a share of them does not exceed. */
export const quantile = (times: readonly number[], q: number): number =>
  [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * q))] as number;

/** Creates records that differ in their id from one that the feature itself made. */
export async function fill<T extends StoredRecord>(
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

/**
 * Reads at a steady pace, as requests arrive, whether or not the ones before are answered, until it is told to stop; microseconds from when each was
 * due to its answer.
 */
export function serve(read: () => unknown, perSecond: number): () => Promise<readonly number[]> {
  const times: number[] = [];
  const begun = process.hrtime.bigint();
  const elapsed = (): number => Number(process.hrtime.bigint() - begun) / 1e3;
  let due = 0;
  let going = true;
  const one = async (was: number): Promise<void> => {
    await read();
    times.push(elapsed() - was);
  };
  const done = (async () => {
    const open: Promise<void>[] = [];
    while (going) {
      const wait = due - elapsed();
      if (wait > 1_000) await new Promise((resolve) => setTimeout(resolve, 1));
      else if (wait > 0) await new Promise(setImmediate);
      else {
        open.push(one(due));
        due += 1e6 / perSecond;
      }
    }
    await Promise.all(open);
  })();
  return async () => {
    going = false;
    await done;
    return times;
  };
}

/** Sessions that the feature itself made, and how they are read. */
export interface SampleSessions {
  readonly manager: Pick<Sessions<unknown>, 'list' | 'revokeAll' | 'close'>;
  readonly read: () => unknown;
  readonly nextId: () => string;
  /** As it is stored, to be multiplied. */
  readonly model: SessionRecord;
}

/** Signs so many users in. Long sessions, so that they are still there when time has moved on. */
export async function sampleSessions(
  opened: ScaleStorage,
  clock: () => number,
  sample: number,
): Promise<SampleSessions> {
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
  const read = (): unknown => manager.read(new PlainRequest({ cookie: next() }));
  if ((await read()) === undefined) throw new Error('a good session was not found');
  const stored = await opened.storage.collection(sessionCollection).get(ids[0] as string);
  return { manager, read, nextId: fresh(ids), model: (stored as { record: SessionRecord }).record };
}
