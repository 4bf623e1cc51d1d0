import {
  andThen,
  type Consumption,
  type CounterRule,
  type Counters,
  isPromise,
  type MaybePromise,
} from '@portcullis/core';

/** One call to be counted. */
export interface MeteredCall {
  readonly key: string;
  readonly rule: CounterRule;
  readonly cost: number;
  readonly now: number;
}

/** Counts quotas in this process and writes sums. */
export interface QuotaMeter {
  /** At once where enough is known to be left, or known to be missing; else the storage's counter decides. */
  consume(call: MeteredCall): MaybePromise<Consumption>;
  /** Writes what was counted, and learns what is left. What fails is kept. */
  flush(): Promise<void>;
}

interface Entry {
  rule: CounterRule;
  /** Units left when the counter last answered. */
  remaining: number;
  resetAt: number;
  /** Units let through since, that the counter does not know of. */
  pending: number;
  /** Units on their way to the counter. */
  writing: number;
  /** The last refusal, and what it was asked for. */
  refused: { readonly cost: number; readonly answer: Consumption } | undefined;
  /** One question at a time: answers that overtake each other would make an old one the newest. Never rejects. */
  busy: PromiseLike<unknown> | undefined;
}

function sameRule(a: CounterRule, b: CounterRule): boolean {
  const burst = (rule: CounterRule): number | undefined => (rule.algorithm === 'gcra' ? rule.burst : undefined);
  return a.algorithm === b.algorithm && a.limit === b.limit && a.windowMs === b.windowMs && burst(a) === burst(b);
}

/** `finally` for what may be there at once. */
function always<R>(work: () => MaybePromise<R>, end: () => void): MaybePromise<R> {
  let result: MaybePromise<R>;
  try {
    result = work();
  } catch (error) {
    end();
    throw error;
  }
  if (!isPromise(result)) {
    end();
    return result;
  }
  return result.then(
    (value) => {
      end();
      return value;
    },
    (error: unknown) => {
      end();
      throw error;
    },
  );
}

/** What a meter is told. */
export interface QuotaMeterOptions {
  /** Called when there is something to flush. */
  readonly schedule: () => void;
  /** Quotas that are metered at a time; others are counted exactly. */
  readonly max: number;
}

/**
 * Counts quotas marked `buffered` in this process, for `createApiKeyVerifier`; `createApiKeys` has it already.
 *
 * In one process nothing passes that the quota does not have; what other processes have used is learnt
 * with each flush. What is known of a counter is forgotten when a flush finds nothing to write, so that it is never
 * older than one interval.
 */
export function bufferedQuotas(counters: Counters, { schedule, max }: QuotaMeterOptions): QuotaMeter {
  const entries = new Map<string, Entry>();

  function learn(entry: Entry, rule: CounterRule, { remaining, resetAt }: Consumption): void {
    Object.assign(entry, { rule, remaining, resetAt, refused: undefined });
    schedule();
  }

  /** Writes the units that were let through already. */
  function write(key: string, entry: Entry): MaybePromise<void> {
    const { pending, rule } = entry;
    if (pending === 0) return;
    let known = false;
    entry.pending = 0;
    entry.writing += pending;
    return always(
      () =>
        andThen(counters.consume(key, rule, { cost: pending, force: true }), (answer) => {
          known = true;
          learn(entry, rule, answer);
        }),
      () => {
        entry.writing -= pending;
        if (known) return;
        entry.pending += pending;
        schedule();
      },
    );
  }

  function ask(entry: Entry, { key, rule, cost }: MeteredCall): MaybePromise<Consumption> {
    entry.writing += cost;
    return always(
      () =>
        andThen(write(key, entry), () =>
          andThen(counters.consume(key, rule, { cost }), (answer) => {
            learn(entry, rule, answer);
            if (!answer.allowed) entry.refused = { cost, answer };
            return answer;
          }),
        ),
      () => {
        entry.writing -= cost;
      },
    );
  }

  function guarded<R>(entry: Entry, work: MaybePromise<R>): MaybePromise<R> {
    if (!isPromise(work)) return work;
    const free = (): void => {
      entry.busy = undefined;
    };
    entry.busy = work.then(free, free);
    return work;
  }

  function consume(call: MeteredCall): MaybePromise<Consumption> {
    const { key, rule, cost, now } = call;
    let entry = entries.get(key);
    if (entry === undefined) {
      if (entries.size >= max) return counters.consume(key, rule, { cost });
      entry = { rule, remaining: 0, resetAt: 0, pending: 0, writing: 0, refused: undefined, busy: undefined };
      entries.set(key, entry);
      schedule();
    }
    if (sameRule(entry.rule, rule)) {
      const { refused, remaining, resetAt } = entry;
      const left = remaining - entry.pending - entry.writing - cost;
      if (now < resetAt && left >= 0) {
        entry.pending += cost;
        return { allowed: true, remaining: left, resetAt, retryAt: now };
      }
      if (refused !== undefined && cost >= refused.cost && now < refused.answer.retryAt) return refused.answer;
    }
    if (entry.busy !== undefined) return entry.busy.then(() => consume(call));
    return guarded(entry, ask(entry, call));
  }

  return {
    consume,
    async flush() {
      for (const [key, entry] of entries) {
        while (entry.busy !== undefined) await entry.busy;
        if (entry.pending > 0) await guarded(entry, write(key, entry));
        else entries.delete(key);
      }
    },
  };
}
