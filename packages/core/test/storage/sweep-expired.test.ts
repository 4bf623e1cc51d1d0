import { fakeClock } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import {
  createMemoryStorage,
  StorageUnavailableError,
  type StoredRecord,
  sweepExpired,
} from '../../src/storage/index.js';

const hour = 3_600_000;

/** A collection of so many expired records whose batches take so long, by a timer of its own. */
function slow(records: number, msOf: (limit: number) => number) {
  let left = records;
  let now = 0;
  const batches: number[] = [];
  const rests: number[] = [];
  return {
    batches,
    rests,
    collection: {
      deleteExpired(limit: number) {
        batches.push(limit);
        now += msOf(limit);
        const gone = Math.min(limit, left);
        left -= gone;
        return Promise.resolve(gone);
      },
    },
    timer: () => now,
    wait: (ms: number) => {
      rests.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
}

describe('sweepExpired', () => {
  it('deletes what has expired, and nothing else, however many batches it takes', async () => {
    const clock = fakeClock();
    const records = createMemoryStorage({ clock }).collection<StoredRecord>({ name: 'sessions' });
    for (let at = 0; at < 1234; at += 1)
      await records.create({ id: `gone ${at}`, createdAt: clock(), expiresAt: clock() + 1000 });
    await records.create({ id: 'lasting', createdAt: clock() });
    await records.create({ id: 'later', createdAt: clock(), expiresAt: clock() + 10 * hour });
    clock.advance(2 * hour);
    const heard: number[] = [];
    expect(await sweepExpired(records, { limit: 100, share: 1, progress: (deleted) => heard.push(deleted) })).toBe(
      1234,
    );
    expect(heard.at(-1)).toBe(1234);
    expect(heard).toEqual(heard.toSorted((a, b) => a - b));
    expect((await records.scan({ limit: 10 })).items.map(({ record }) => record.id).toSorted()).toEqual([
      'lasting',
      'later',
    ]);
    expect(await sweepExpired(records)).toBe(0);
  });

  it('works for its share of the time, and rests for the remainder', async () => {
    for (const share of [0.5, 0.2, 0.05]) {
      const { collection, timer, wait, rests } = slow(3000, (limit) => limit / 10);
      await sweepExpired(collection, { share, timer, wait });
      const rested = rests.reduce((sum, ms) => sum + ms, 0);
      // The last batch, which finds nothing, has no rest after it.
      expect((timer() - rested) / timer() / share).toBeCloseTo(1, 1);
    }
  });

  it('makes its batches as large as fit into their time, and never more than doubles them at once', async () => {
    const quick = slow(10_000, (limit) => limit / 1000);
    await sweepExpired(quick.collection, quick);
    expect(quick.batches.slice(0, 5)).toEqual([50, 100, 200, 400, 500]);
    const steady = slow(10_000, (limit) => limit / 10);
    await sweepExpired(steady.collection, { ...steady, batchMs: 10 });
    expect(new Set(steady.batches.slice(2))).toEqual(new Set([100]));
    // A long way to the database: smaller batches would be as slow, and there would be more of them.
    const far = slow(400, () => 1000);
    await sweepExpired(far.collection, far);
    expect(new Set(far.batches)).toEqual(new Set([50]));
    const few = slow(40, () => 1000);
    await sweepExpired(few.collection, { ...few, limit: 7 });
    expect(new Set(few.batches)).toEqual(new Set([7]));
  });

  it('ends after the batch under way when it is told to, without its rest', async () => {
    const controller = new AbortController();
    const { collection, timer } = slow(10_000, () => 50);
    const progress = (deleted: number): void => {
      if (deleted > 100) controller.abort();
    };
    // The runtime's own timer: a rest of minutes that nobody waits for.
    const deleted = await sweepExpired(collection, { timer, progress, signal: controller.signal, share: 0.9 });
    expect(deleted).toBeGreaterThan(100);
    expect(deleted).toBeLessThan(200);
    expect(await sweepExpired(collection, { signal: AbortSignal.abort() })).toBe(0);
  });

  it('passes an outage on, and goes on from there when it is called again', async () => {
    let fails = true;
    const { collection, timer, wait } = slow(300, () => 1);
    const broken = {
      deleteExpired(limit: number) {
        if (fails) throw new StorageUnavailableError('down');
        return collection.deleteExpired(limit);
      },
    };
    await expect(sweepExpired(broken, { timer, wait })).rejects.toBeInstanceOf(StorageUnavailableError);
    fails = false;
    expect(await sweepExpired(broken, { timer, wait })).toBe(300);
  });

  it('refuses options out of range, naming each', async () => {
    const { collection } = slow(0, () => 0);
    for (const [name, value] of [
      ['limit', 0],
      ['limit', 1.5],
      ['batchMs', 0],
      ['share', 0],
      ['share', 1.1],
      ['share', Number.NaN],
    ] as const)
      await expect(sweepExpired(collection, { [name]: value })).rejects.toThrow(name);
  });
});
