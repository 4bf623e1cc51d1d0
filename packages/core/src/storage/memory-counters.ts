import { CoreError } from '../errors/core-errors.js';
import type { Clock } from '../runtime/environment.js';
import { type CounterState, checkCounterKey, consumeCounter, counterExpiry, parseConsume } from './counter-rules.js';
import { type Expiring, createExpiryBuckets } from './expiry-buckets.js';
import { assertNotAborted } from './storage-call.js';
import type { CallOptions, ConsumeOptions, Consumption, CounterRule, Counters } from './storage.js';

const bucketMs = 10_000;

interface Entry extends Expiring {
  readonly key: string;
  state: CounterState;
}

/** Counters in this process: exact, and never more than `maxCounters` of them that still hold something. */
export function createMemoryCounters(clock: Clock, maxCounters: number): Counters {
  const entries = new Map<string, Entry>();
  const expiry = createExpiryBuckets<Entry>(bucketMs);

  const drop = (entry: Entry): void => {
    entries.delete(entry.key);
    expiry.remove(entry);
  };

  const makeRoom = (now: number): void => {
    // Two for each new one: the counters of a burst of callers are gone soon after their windows.
    expiry.sweep(now, 2, drop);
    if (entries.size < maxCounters || expiry.sweepAll(now, drop) > 0) return;
    // To forget a running counter would give its holder a fresh quota: whoever can fill the storage could lift every limit.
    throw new CoreError(
      'storage_full',
      'The memory storage holds as many running counters as it may. Raise maxCounters or use a database.',
    );
  };

  return Object.freeze({
    consume(key: string, rule: CounterRule, options?: ConsumeOptions): Consumption {
      assertNotAborted(options);
      const now = clock();
      const entry = entries.get(key);
      const { consumption, state } = consumeCounter(entry?.state, { ...parseConsume(key, rule, options), now });
      if (state === undefined) return consumption;
      const expiresAt = counterExpiry(state, rule);
      if (entry === undefined) {
        makeRoom(now);
        const created: Entry = { key, state, expiresAt, bucket: -1 };
        entries.set(key, created);
        expiry.add(created);
      } else {
        entry.state = state;
        expiry.move(entry, expiresAt);
      }
      return consumption;
    },

    reset(key: string, call?: CallOptions): void {
      assertNotAborted(call);
      checkCounterKey(key);
      const entry = entries.get(key);
      if (entry !== undefined) drop(entry);
    },
  });
}
