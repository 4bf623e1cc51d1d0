import {
  type CallOptions,
  type ConsumeOptions,
  type Consumption,
  type CounterRequest,
  type CounterRule,
  type CounterState,
  type Counters,
  assertNotAborted,
  checkCounterKey,
  consumeCounter,
  counterExpiry,
  never,
  parseConsume,
  sweepAt,
  sweepWidthMs,
} from '@portcullis/core/storage';
import type { CollectionContext } from './collection.js';
import { type Row, createQuery, integer, text } from './driver.js';
import { qualified } from './migrations.js';

const sweepEvery = 64;
const sweepBatch = 256;

/**
 * Counters in one table. A unit is one upsert: the row's lock puts callers in order, and each gets its row back whether it was granted or
 * not. `granted` says which, since what stands in the row after the statement would not tell a refused unit from the last one.
 */
export function createCounters({ database, place, clock }: Omit<CollectionContext, 'random'>): Counters {
  const table = qualified(place, `${place.prefix}counters`);
  const state = '"algorithm", "window_ms", "used", "at"';
  const select = createQuery(database, `SELECT ${state} FROM ${table} WHERE "key" = $1`);
  const remove = createQuery(database, `DELETE FROM ${table} WHERE "key" = $1`);
  const sweep = createQuery(
    database,
    `DELETE FROM ${table} WHERE "key" = ANY (ARRAY(
       SELECT "key" FROM ${table} WHERE "sweep_at" <= $1 ORDER BY "sweep_at" LIMIT ${sweepBatch} FOR UPDATE SKIP LOCKED)) AND "sweep_at" <= $1`,
  );
  const upsert = (step: string): string =>
    `INSERT INTO ${table} AS "c" ("key", ${state}, "sweep_at", "granted") VALUES ($1, $2, $3, $4, $5, $6, true)
     ON CONFLICT ("key") DO UPDATE SET (${state}, "sweep_at", "granted") = (${step}) RETURNING ${state}, "granted"::text`;
  const own = `"c"."algorithm" = excluded."algorithm" AND "c"."window_ms" = excluded."window_ms"`;

  // The arithmetic of consumeCounter. $7: now, $8: the cost, $9: what there is room for, $10: whether it is forced.
  const window = createQuery(
    database,
    upsert(
      `SELECT excluded."algorithm", excluded."window_ms",
         CASE WHEN NOT "open" THEN excluded."used" WHEN "fits" THEN least("c"."used" + $8::bigint, ${never}) ELSE "c"."used" END,
         CASE WHEN "open" THEN "c"."at" ELSE excluded."at" END,
         CASE WHEN "open" THEN "c"."sweep_at" ELSE excluded."sweep_at" END,
         NOT "open" OR "fits"
       FROM (SELECT ${own} AND "c"."at" > $7::bigint AS "open", $10::text = 'force' OR "c"."used" + $8::bigint <= $9::bigint AS "fits") AS "step"`,
    ),
  );
  // $11: the limit, of which so many units times the window flow back each millisecond. numeric, where bigint would overflow.
  const gcra = createQuery(
    database,
    upsert(
      `SELECT CASE WHEN "fits" THEN excluded."algorithm" ELSE "c"."algorithm" END,
         CASE WHEN "fits" THEN excluded."window_ms" ELSE "c"."window_ms" END,
         CASE WHEN "fits" THEN "after" ELSE "c"."used" END,
         CASE WHEN "fits" THEN "now" ELSE "c"."at" END,
         CASE WHEN "fits" THEN ceil(least("now" + ceil("after"::numeric / $11::bigint), ${never}) / ${sweepWidthMs}) * ${sweepWidthMs} ELSE "c"."sweep_at" END,
         "fits"
       FROM (
         SELECT "now", least("before" + $8::numeric, ${never})::bigint AS "after",
           $10::text = 'force' OR "before" + $8::numeric <= $9::numeric AS "fits"
         FROM (
           SELECT "now", CASE WHEN ${own} THEN greatest("c"."used" - ("now" - "c"."at")::numeric * $11::bigint, 0) ELSE 0 END AS "before"
           FROM (SELECT CASE WHEN ${own} THEN greatest("c"."at", $7::bigint) ELSE $7::bigint END AS "now") AS "time"
         ) AS "flow"
       ) AS "step"`,
    ),
  );
  let untilSweep = sweepEvery;

  const tidy = (): void => {
    untilSweep -= 1;
    if (untilSweep > 0) return;
    untilSweep = sweepEvery;
    // Nobody waits for it: the unit is counted, and what could not be swept now is swept later.
    sweep.count([clock()], undefined).then(undefined, () => undefined);
  };

  const ask = async (key: string, request: CounterRequest, call: CallOptions | undefined): Promise<Consumption> => {
    const [row] = await select.rows([key], call);
    return consumeCounter(row === undefined ? undefined : decode(row), request).consumption;
  };

  return Object.freeze({
    async consume(key: string, rule: CounterRule, options?: ConsumeOptions): Promise<Consumption> {
      const request: CounterRequest = { ...parseConsume(key, rule, options), now: clock() };
      const fresh = consumeCounter(undefined, request).state;
      // A cost of 0, or one that the rule never allows: nothing to write, whatever is stored.
      if (fresh === undefined) return ask(key, request, options);
      const { cost, force, now } = request;
      const started = [key, fresh.algorithm, fresh.windowMs, fresh.used, fresh.at, sweepAt(counterExpiry(fresh, rule))];
      const how = force ? 'force' : '';
      const answer =
        rule.algorithm === 'gcra'
          ? gcra.rows(
              [...started, now, fresh.used, (rule.burst ?? rule.limit) * rule.windowMs, how, rule.limit],
              options,
            )
          : window.rows([...started, now, cost, rule.limit, how], options);
      const row = (await answer)[0] as Row;
      tidy();
      // A granted unit is in the state already; a refused one has left it as it was, and is refused again by the reference arithmetic.
      return consumeCounter(decode(row), row[4] === 'true' ? { ...request, cost: 0, force: true } : request)
        .consumption;
    },

    async reset(key: string, call?: CallOptions): Promise<void> {
      assertNotAborted(call);
      checkCounterKey(key);
      await remove.count([key], call);
    },
  });
}

function decode([algorithm, windowMs, used, at]: readonly unknown[]): CounterState {
  return {
    algorithm: text(algorithm) as CounterState['algorithm'],
    windowMs: integer(windowMs),
    used: integer(used),
    at: integer(at),
  };
}
