import { StorageUnavailableError } from '../errors/core-errors.js';
import type { Clock } from '../runtime/environment.js';
import { type MaybePromise, isPromise, andThen } from '../runtime/maybe-promise.js';
import type { CacheChannel, Invalidation } from './cache-channel.js';
import { freezeDeep } from './record-data.js';
import { indexValue, isStorageKey } from './record-rules.js';
import { assertNotAborted, withDeadline } from './storage-call.js';
import type { CallOptions, Collection, Stored, StoredRecord, StringField, Touch, Version } from './storage.js';
import { createTwoGenerations } from './two-generations.js';

/** What a cached collection is made of. */
export interface CachedCollectionOptions {
  readonly name: string;
  readonly ttl: number;
  readonly max: number;
  readonly clock: Clock;
  readonly channel: CacheChannel;
}

/** A collection with its cache, and how the channel empties it. */
export interface CachedCollection<T extends StoredRecord> {
  readonly collection: Collection<T>;
  invalidate(invalidation: Invalidation): void;
  clear(): void;
}

interface Entry<T> {
  readonly stored: Stored<T>;
  /** When the read began. */
  readonly from: number;
}

/** A read under way, that later readers of the same id may join for as long as it is the one that `reading` holds. */
interface Read<T> {
  readonly result: PromiseLike<Stored<T> | undefined>;
}

/** One collection behind a cache. */
export function createCachedCollection<T extends StoredRecord>(
  inner: Collection<T>,
  options: CachedCollectionOptions,
): CachedCollection<T> {
  const { name, ttl, clock, channel } = options;
  const entries = createTwoGenerations<Entry<T>>(options.max);
  const reading = new Map<string, Read<T>>();

  const forget = (id: string): void => {
    entries.delete(id);
    // Detached: it may have read the state before the write, so it is neither kept nor joined any more.
    reading.delete(id);
  };

  const forgetWhere = (index: string, value: string, except: string | undefined): void => {
    entries.deleteIf(({ stored }, id) => id !== except && indexValue(stored.record, index) === value);
    // What these will read is not known yet.
    reading.clear();
  };

  const clear = (): void => {
    entries.clear();
    reading.clear();
  };

  const keep = (id: string, stored: Stored<T> | undefined, from: number): Stored<T> | undefined => {
    if (stored === undefined) entries.delete(id);
    else if (channel.live()) entries.set(id, { stored: freezeDeep(stored), from });
    return stored;
  };

  const read = (id: string, fresh: boolean): MaybePromise<Stored<T> | undefined> => {
    const from = clock();
    // Before the read, not after it: what is published between the two must not be missed.
    const live = channel.live();
    const result = inner.get(id, fresh ? { fresh } : undefined);
    if (!isPromise(result)) return live ? keep(id, result, from) : result;
    const current: Read<T> = {
      result: result.then(
        (stored) => {
          if (reading.get(id) !== current) return stored;
          reading.delete(id);
          return live ? keep(id, stored, from) : stored;
        },
        (error: unknown) => {
          if (reading.get(id) === current) reading.delete(id);
          throw error;
        },
      ),
    };
    reading.set(id, current);
    return current.result;
  };

  // Writes, forgets, publishes, acknowledges. After a failure the outcome is unknown, so it is treated as done.
  const write = <R>(
    work: () => MaybePromise<R>,
    invalidation: Invalidation,
    forgetHere: () => void,
  ): MaybePromise<R> => {
    const failed = (error: unknown): never => {
      forgetHere();
      publishQuietly(channel, invalidation);
      throw error;
    };
    const acknowledge = (result: R): MaybePromise<R> => {
      forgetHere();
      return andThen(publish(channel, invalidation), () => result);
    };
    let result: MaybePromise<R>;
    try {
      result = work();
    } catch (error) {
      return failed(error);
    }
    return isPromise(result) ? result.then(acknowledge, failed) : acknowledge(result);
  };

  // What cannot be an id was never there: nothing to forget, and nothing that a message could carry.
  const writeOne = <R>(id: string, work: () => MaybePromise<R>): MaybePromise<R> =>
    isStorageKey(id) ? write(work, { collection: name, id }, () => forget(id)) : work();

  const collection: Collection<T> = {
    create(record: T, call?: CallOptions) {
      const { id } = record;
      return andThen(inner.create(record, call), (version) => {
        forget(id);
        return version;
      });
    },

    get(id: string, call?: CallOptions & { readonly fresh?: boolean }) {
      if (call !== undefined) assertNotAborted(call);
      if (call?.fresh !== true) {
        const hit = entries.get(id);
        if (hit !== undefined) {
          const now = clock();
          const { expiresAt } = hit.stored.record;
          // An expired record is read again: a touch in another process may have moved its expiry. A clock set back does not stretch the ttl.
          if (now < hit.from + ttl && now >= hit.from && (expiresAt === undefined || expiresAt > now))
            return hit.stored;
          entries.delete(id);
        }
        const joined = reading.get(id);
        if (joined !== undefined) return withDeadline(joined.result, call);
      }
      // The read is shared, so no single caller's signal may end it: each stops waiting on its own.
      const result = read(id, call?.fresh === true);
      return isPromise(result) ? withDeadline(result, call) : result;
    },

    update: (id: string, version: Version, record: T, call?: CallOptions) =>
      writeOne(id, () => inner.update(id, version, record, call)),
    take: (id: string, call?: CallOptions) => writeOne(id, () => inner.take(id, call)),
    delete: (id: string, call?: CallOptions & { readonly version?: Version }) =>
      writeOne(id, () => inner.delete(id, call)),

    touch(touches: readonly Touch[], call?: CallOptions) {
      return andThen(inner.touch(touches, call), () => {
        for (const { id } of touches) forget(id);
      });
    },

    deleteWhere(index: StringField<T>, value: string, call?: CallOptions & { readonly except?: string }) {
      if (!isStorageKey(value)) return inner.deleteWhere(index, value, call);
      const invalidation: Invalidation = { collection: name, index, value, except: call?.except };
      return write(
        () => inner.deleteWhere(index, value, call),
        invalidation,
        () => forgetWhere(index, value, call?.except),
      );
    },

    list: (query, call) => inner.list(query, call),
    scan: (query, call) => inner.scan(query, call),
    deleteExpired: (limit, call) => inner.deleteExpired(limit, call),
  };

  return Object.freeze({
    collection: Object.freeze(collection),
    invalidate(invalidation: Invalidation): void {
      if ('id' in invalidation) forget(invalidation.id);
      else forgetWhere(invalidation.index, invalidation.value, invalidation.except);
    },
    clear,
  });
}

function publish(channel: CacheChannel, invalidation: Invalidation): MaybePromise<void> {
  // An acknowledged revocation has been told to the others; when it could not be told, it is not acknowledged.
  const failed = (cause: unknown): never => {
    throw new StorageUnavailableError('The write was made, but the other processes could not be told.', { cause });
  };
  try {
    const done = channel.publish(invalidation);
    return isPromise(done) ? done.then(undefined, failed) : undefined;
  } catch (cause) {
    return failed(cause);
  }
}

function publishQuietly(channel: CacheChannel, invalidation: Invalidation): void {
  try {
    const done = channel.publish(invalidation);
    // The write's own error is the one that the caller gets.
    if (isPromise(done)) done.then(undefined, () => undefined);
  } catch {
    // As above.
  }
}
