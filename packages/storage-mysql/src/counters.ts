import {
  type CallOptions,
  type ConsumeOptions,
  type Consumption,
  type CounterRequest,
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
  withDeadline,
} from '@portcullis/core/storage';
import type { CollectionContext } from './collection.js';
import { type Row, bytes, createQuery, integer, text } from './driver.js';
import { quoted } from './migrations.js';

// Each lost attempt means that another process has counted, so only a storm of processes on one key comes near this.
const maxAttempts = 1000;
const sweepEvery = 64;
const sweepBatch = 256;

interface Waiting {
  readonly request: Omit<CounterRequest, 'now'>;
  readonly call: CallOptions | undefined;
  resolve(consumption: Consumption): void;
  reject(error: unknown): void;
}

/**
 * Counters in one table, by compare-and-set on the whole state: exact between processes, with no lock held between read and write.
 * Callers in this process who count on one key while a write is under way are served together by the next, each in its turn.
 */
export function createCounters({
  database,
  prefix,
  clock,
}: Pick<CollectionContext, 'database' | 'prefix' | 'clock'>): Counters {
  const table = quoted(`${prefix}counters`);
  const select = createQuery(
    database,
    `SELECT \`algorithm\`, \`window_ms\`, \`used\`, \`at\` FROM ${table} WHERE \`key\` = ?`,
  );
  // It tells 1 when the key is there already; affected rows would not say so on every connection.
  const insert = createQuery(
    database,
    `INSERT INTO ${table} (\`key\`, \`algorithm\`, \`window_ms\`, \`used\`, \`at\`, \`sweep_at\`) VALUES (?, ?, ?, ?, ?, ?)
     ON DUPLICATE KEY UPDATE \`at\` = IF(LAST_INSERT_ID(1) = 1, \`at\`, \`at\`)`,
  );
  const set = createQuery(
    database,
    `UPDATE ${table} SET \`algorithm\` = ?, \`window_ms\` = ?, \`used\` = ?, \`at\` = ?, \`sweep_at\` = ?
     WHERE \`key\` = ? AND \`algorithm\` = ? AND \`window_ms\` = ? AND \`used\` = ? AND \`at\` = ?`,
  );
  const remove = createQuery(database, `DELETE FROM ${table} WHERE \`key\` = ?`);
  const sweep = createQuery(
    database,
    `DELETE FROM ${table} WHERE \`sweep_at\` <= ? ORDER BY \`sweep_at\` LIMIT ${sweepBatch}`,
  );
  const queues = new Map<string, Waiting[]>();
  let untilSweep = sweepEvery;

  const write = async (
    key: string,
    before: CounterState | undefined,
    after: CounterState,
    rule: CounterRule,
  ): Promise<boolean> => {
    const state = [...values(after), sweepAt(counterExpiry(after, rule))];
    if (before === undefined) return (await insert.write([bytes(key), ...state], undefined)).told === 0;
    return (await set.write([...state, bytes(key), ...values(before)], undefined)).count > 0;
  };

  const tidy = (): void => {
    untilSweep -= 1;
    if (untilSweep > 0) return;
    untilSweep = sweepEvery;
    // Nobody waits for it: the unit is counted, and what could not be swept now is swept later.
    sweep.write([clock()], undefined).then(undefined, () => undefined);
  };

  const serve = async (key: string, batch: readonly Waiting[]): Promise<void> => {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const [row] = await select.rows([bytes(key)], undefined);
      const before = row === undefined ? undefined : decode(row);
      let after = before;
      let rule: CounterRule | undefined;
      const answers = batch.map(({ request, call }) => {
        // Whoever has given up uses nothing.
        if (call?.signal?.aborted === true) return undefined;
        const { consumption, state } = consumeCounter(after, { ...request, now: clock() });
        if (state !== undefined) [after, rule] = [state, request.rule];
        return consumption;
      });
      if (
        after === undefined ||
        rule === undefined ||
        isSame(before, after) ||
        (await write(key, before, after, rule))
      ) {
        for (const [at, { resolve }] of batch.entries()) {
          const answer = answers[at];
          if (answer !== undefined) resolve(answer);
        }
        tidy();
        return;
      }
    }
    throw new StorageUnavailableError('Too many processes count on one key at once.');
  };

  const drain = async (key: string, queue: Waiting[]): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.splice(0);
      try {
        await serve(key, batch);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    queues.delete(key);
  };

  return Object.freeze({
    consume(key: string, rule: CounterRule, options?: ConsumeOptions): PromiseLike<Consumption> {
      assertNotAborted(options);
      const request = parseConsume(key, rule, options);
      const answer = new Promise<Consumption>((resolve, reject) => {
        const waiting: Waiting = { request, call: options, resolve, reject };
        const queue = queues.get(key);
        if (queue !== undefined) {
          queue.push(waiting);
          return;
        }
        const started = [waiting];
        queues.set(key, started);
        void drain(key, started);
      });
      return withDeadline(answer, { signal: options?.signal, timeoutMs: options?.timeoutMs ?? database.timeoutMs });
    },

    async reset(key: string, call?: CallOptions): Promise<void> {
      assertNotAborted(call);
      checkCounterKey(key);
      await remove.write([bytes(key)], call);
    },
  });
}

function values({ algorithm, windowMs, used, at }: CounterState): readonly (Uint8Array | number)[] {
  return [bytes(algorithm), windowMs, used, at];
}

function isSame(before: CounterState | undefined, after: CounterState): boolean {
  return (
    before?.algorithm === after.algorithm &&
    before.windowMs === after.windowMs &&
    before.used === after.used &&
    before.at === after.at
  );
}

function decode([algorithm, windowMs, used, at]: Row): CounterState {
  return {
    algorithm: text(algorithm) as CounterState['algorithm'],
    windowMs: integer(windowMs),
    used: integer(used),
    at: integer(at),
  };
}
