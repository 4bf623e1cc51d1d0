import {
  type CallOptions,
  type ConsumeOptions,
  type Consumption,
  type CounterRule,
  type CounterState,
  type Counters,
  type MaybePromise,
  StorageUnavailableError,
  andThen,
  assertNotAborted,
  checkCounterKey,
  consumeCounter,
  counterExpiry,
  isPromise,
  parseConsume,
  settle,
  sweepAt,
} from '@portcullis/core/storage';
import type { CollectionContext } from './collection.js';
import { type Row, integer, text } from './driver.js';
import { quoted } from './migrations.js';

// Each lost attempt means that another process has counted, so only a storm of processes on one key comes near this.
const maxAttempts = 1000;
const sweepEvery = 64;
const sweepBatch = 256;

/** Counters in one table, by compare-and-set on the whole state: exact between processes, with no lock held between read and write. */
export function createCounters({ query, prefix, clock }: Omit<CollectionContext, 'random'>): Counters {
  const table = quoted(`${prefix}counters`);
  const select = query(`SELECT "algorithm", "window_ms", "used", "at" FROM ${table} WHERE "key" = ?`);
  const insert = query(
    `INSERT INTO ${table} ("key", "algorithm", "window_ms", "used", "at", "sweep_at") VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT ("key") DO NOTHING`,
  );
  const set = query(
    `UPDATE ${table} SET "algorithm" = ?, "window_ms" = ?, "used" = ?, "at" = ?, "sweep_at" = ?
     WHERE "key" = ? AND "algorithm" = ? AND "window_ms" = ? AND "used" = ? AND "at" = ?`,
  );
  const remove = query(`DELETE FROM ${table} WHERE "key" = ?`);
  const sweep = query(
    `DELETE FROM ${table} WHERE "rowid" IN (SELECT "rowid" FROM ${table} WHERE "sweep_at" <= ? LIMIT ${sweepBatch})`,
  );
  let untilSweep = sweepEvery;

  const write = (
    key: string,
    before: CounterState | undefined,
    after: CounterState,
    rule: CounterRule,
  ): MaybePromise<boolean> => {
    const values = [after.algorithm, after.windowMs, after.used, after.at] as const;
    const sweepTime = sweepAt(counterExpiry(after, rule));
    const written =
      before === undefined
        ? insert.run(key, ...values, sweepTime)
        : set.run(...values, sweepTime, key, before.algorithm, before.windowMs, before.used, before.at);
    return andThen(written, (count) => count > 0);
  };

  const tidy = (): PromiseLike<unknown> | undefined => {
    untilSweep -= 1;
    if (untilSweep > 0) return undefined;
    untilSweep = sweepEvery;
    // The unit is counted; what could not be swept now is swept later.
    const swept = settle<unknown>(
      () => sweep.run(clock()),
      () => undefined,
    );
    return isPromise(swept) ? swept : undefined;
  };

  return Object.freeze({
    consume(key: string, rule: CounterRule, options?: ConsumeOptions): MaybePromise<Consumption> {
      assertNotAborted(options);
      const request = parseConsume(key, rule, options);
      const attempt = (left: number): MaybePromise<Consumption> => {
        if (left === 0) throw new StorageUnavailableError('Too many processes count on one key at once.');
        return andThen(select.get(key), (row) => {
          const before = row === undefined ? undefined : decode(row);
          const { consumption, state } = consumeCounter(before, { ...request, now: clock() });
          if (state === undefined) return consumption;
          return andThen(write(key, before, state, rule), (counted) => {
            if (!counted) return attempt(left - 1);
            return tidy()?.then(() => consumption) ?? consumption;
          });
        });
      };
      return attempt(maxAttempts);
    },

    reset(key: string, call?: CallOptions): MaybePromise<void> {
      assertNotAborted(call);
      checkCounterKey(key);
      return andThen(remove.run(key), () => undefined);
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
