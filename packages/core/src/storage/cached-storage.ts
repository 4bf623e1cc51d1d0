import { invalidOption } from '../errors/core-errors.js';
import type { Environment } from '../runtime/environment.js';
import { type MaybePromise, andThen } from '../runtime/maybe-promise.js';
import { type CachedCollection, createCachedCollection } from './cached-collection.js';
import { createCacheChannel } from './cache-channel.js';
import type { Collection, CollectionDefinition, Storage, StoredRecord } from './storage.js';

/** How long and how much a cache may keep. */
export interface CachedOptions extends Pick<Environment, 'clock'> {
  /** Milliseconds from the start of the read that a record may be answered from the cache: the only hard bound on staleness. 1 to 86,400,000. */
  readonly ttl: number;
  /** Records kept of each collection. */
  readonly max: number;
}

/**
 * A storage with a bounded read-through cache in front of `get`.
 *
 * A revocation through this storage is written, forgotten here, published, and only then acknowledged; a read that was under way meanwhile is
 * neither kept nor joined. Other processes forget the record when the bus tells them, and everything when the bus may have missed something.
 * A bus can lose a message without knowing it: `ttl` is the only promise across processes, so choose one that a stolen credential may live for.
 * `get` with `fresh: true` asks past the cache. Absent records, lists and counters are never cached.
 *
 * Writes throw `StorageUnavailableError` when the bus cannot publish: what was written stays written, as after any unknown outcome.
 *
 * @throws CoreError `invalid_option`
 */
export function cached(storage: Storage, options: CachedOptions): Storage {
  const { ttl, max } = options;
  if (!Number.isSafeInteger(ttl) || ttl < 1 || ttl > 86_400_000)
    throw invalidOption('ttl', 'give whole milliseconds, 1 to 86,400,000.');
  if (!Number.isSafeInteger(max) || max < 2) throw invalidOption('max', 'give a whole number of records, 2 or more.');
  const clock = options.clock ?? Date.now;
  const collections = new Map<string, CachedCollection<StoredRecord>>();

  const channel = createCacheChannel(storage.bus, {
    invalidate: (invalidation) => collections.get(invalidation.collection)?.invalidate(invalidation),
    clear() {
      for (const collection of collections.values()) collection.clear();
    },
  });

  return Object.freeze({
    collection<T extends StoredRecord>(definition: CollectionDefinition<T>): Collection<T> {
      const inner = storage.collection(definition);
      const known = collections.get(definition.name);
      if (known !== undefined) return known.collection as unknown as Collection<T>;
      const created = createCachedCollection(inner, { name: definition.name, ttl, max, clock, channel });
      collections.set(definition.name, created as unknown as CachedCollection<StoredRecord>);
      return created.collection;
    },
    counters: storage.counters,
    ...(storage.bus === undefined ? {} : { bus: storage.bus }),
    capabilities: storage.capabilities,
    close: (): MaybePromise<void> => andThen(channel.close(), () => storage.close?.()),
  });
}
