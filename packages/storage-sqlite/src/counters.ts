import {
  type CallOptions,
  type ConsumeOptions,
  type Consumption,
  type CounterRule,
  type CounterState,
  type Counters,
  StorageUnavailableError,
  assertNotAborted,
  checkCounterKey,
  consumeCounter,
  counterExpiry,
  parseConsume,
  sweepAt,
} from '@portcullis/core/storage';
import type { CollectionContext } from './collection.js';
import { type Row, createQuery, integer, text } from './driver.js';
import { quoted } from './migrations.js';

// Each lost attempt means that another process has counted, so only a storm of processes on one key comes near this.
const maxAttempts = 1000;
const sweepEvery = 64;
const sweepBatch = 256;

/** Counters in one table, by compare-and-set on the whole state: exact between processes, with no lock held between read and write. */
export function createCounters({ database, prefix, clock }: Omit<CollectionContext, 'random'>): Counters {
  const table = quoted(`${prefix}counters`);
  const select = createQuery(database, `SELECT "algorithm", "window_ms", "used", "at" FROM ${table} WHERE "key" = ?`);
  const insert = createQuery(
    database,
    `INSERT INTO ${table} ("key", "algorithm", "window_ms", "used", "at", "sweep_at") VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT ("key") DO NOTHING`,
  );
  const set = createQuery(
    database,
    `UPDATE ${table} SET "algorithm" = ?, "window_ms" = ?, "used" = ?, "at" = ?, "sweep_at" = ?
     WHERE "key" = ? AND "algorithm" = ? AND "window_ms" = ? AND "used" = ? AND "at" = ?`,
  );
  const remove = createQuery(database, `DELETE FROM ${table} WHERE "key" = ?`);
  const sweep = createQuery(
    database,
    `DELETE FROM ${table} WHERE "rowid" IN (SELECT "rowid" FROM ${table} WHERE "sweep_at" <= ? LIMIT ${sweepBatch})`,
  );
  let untilSweep = sweepEvery;

  const write = (key: string, before: CounterState | undefined, after: CounterState, rule: CounterRule): boolean => {
    const values = [after.algorithm, after.windowMs, after.used, after.at] as const;
    const sweepTime = sweepAt(counterExpiry(after, rule));
    if (before === undefined) return insert.run(key, ...values, sweepTime) > 0;
    return set.run(...values, sweepTime, key, before.algorithm, before.windowMs, before.used, before.at) > 0;
  };

  const tidy = (): void => {
    untilSweep -= 1;
    if (untilSweep > 0) return;
    untilSweep = sweepEvery;
    try {
      sweep.run(clock());
    } catch {
      // The unit is counted; what could not be swept now is swept later.
    }
  };

  return Object.freeze({
    consume(key: string, rule: CounterRule, options?: ConsumeOptions): Consumption {
      assertNotAborted(options);
      const request = parseConsume(key, rule, options);
      for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
        const row = select.get(key);
        const before = row === undefined ? undefined : decode(row);
        const { consumption, state } = consumeCounter(before, { ...request, now: clock() });
        if (state === undefined) return consumption;
        if (write(key, before, state, rule)) {
          tidy();
          return consumption;
        }
      }
      throw new StorageUnavailableError('Too many processes count on one key at once.');
    },

    reset(key: string, call?: CallOptions): void {
      assertNotAborted(call);
      checkCounterKey(key);
      remove.run(key);
    },
  });
}

function decode(row: Row): CounterState {
  return {
    algorithm: text(row, 'algorithm') as CounterState['algorithm'],
    windowMs: integer(row, 'window_ms'),
    used: integer(row, 'used'),
    at: integer(row, 'at'),
  };
}
