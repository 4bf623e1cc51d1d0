import { CoreError, invalidOption } from '../errors/core-errors.js';
import type { Environment } from '../runtime/environment.js';
import { createCollectionRegistry } from './collection-registry.js';
import { createMemoryBus } from './memory-bus.js';
import { type MemoryShared, createMemoryCollection } from './memory-collection.js';
import { createMemoryCounters } from './memory-counters.js';
import type { Bus, Storage } from './storage.js';

/** What a memory storage may hold. */
export interface MemoryStorageOptions extends Pick<Environment, 'clock'> {
  /** Live records of all collections together. Default 1,000,000. */
  readonly maxRecords?: number;
  /** Running counters. Default 1,000,000. */
  readonly maxCounters?: number;
}

/** A storage whose calls answer at once; its bus is always there. */
export interface MemoryStorage extends Storage {
  readonly bus: Bus;
}

/**
 * A storage in this process's memory: for tests, for one process that may forget, and as the fastest reference of the contract.
 *
 * Records are copied and frozen when they are written, and `get` gives that copy. Expired records are invisible from their millisecond on and are
 * removed a few at a time as new ones arrive. When `maxRecords` live records are there, `create` throws: a live credential is never evicted,
 * because to forget a revocation's tombstone or a one-time code's use would make it valid again. Nothing survives the process.
 *
 * @throws CoreError `invalid_option`; later, from `create` and `consume`, `storage_full`
 */
export function createMemoryStorage(options: MemoryStorageOptions = {}): MemoryStorage {
  const clock = options.clock ?? Date.now;
  const maxRecords = checkMax('maxRecords', options.maxRecords);
  const maxCounters = checkMax('maxCounters', options.maxCounters);
  let records = 0;
  let last = 0;

  const shared: MemoryShared = {
    clock,
    next: () => (last += 1),
    claim(now) {
      if (records >= maxRecords) for (const reclaim of all()) reclaim(now);
      if (records >= maxRecords)
        throw new CoreError(
          'storage_full',
          `There are ${maxRecords} live records. Raise maxRecords or use a database.`,
        );
      records += 1;
    },
    release() {
      records -= 1;
    },
  };

  const { collection, all } = createCollectionRegistry((rules) => {
    const made = createMemoryCollection(rules, shared);
    return { collection: made.collection, more: made.reclaim };
  });

  return Object.freeze({
    collection,
    counters: createMemoryCounters(clock, maxCounters),
    bus: createMemoryBus(),
    capabilities: Object.freeze({ shared: false, durable: false, bus: true }),
  });
}

function checkMax(option: string, value: number | undefined): number {
  const max = value ?? 1_000_000;
  if (!Number.isSafeInteger(max) || max < 1)
    throw invalidOption(option, 'give a positive whole number, or leave it out for 1,000,000.');
  return max;
}
