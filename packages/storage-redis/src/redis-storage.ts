import {
  type Bus,
  type Environment,
  type Storage,
  createCollectionRegistry,
  createDeadlines,
  invalidOption,
  leaseCollection,
} from '@portcullis/core/storage';
import { createRedisBus } from './bus.js';
import { type RedisClient, createDriver } from './clients.js';
import { type CollectionContext, createCollection } from './collection.js';
import { createCounters } from './counters.js';
import { type Drift, findDrift } from './drift.js';
import type { Database } from './driver.js';
import { toStorageError } from './errors.js';
import { checkPrefix, createIndexRegistry } from './migrations.js';
import { createRecordScripts } from './scripts.js';

/** How the storage uses its server. */
export interface RedisStorageOptions extends Pick<Environment, 'clock' | 'random'> {
  /** What the names of its keys begin with. 1 to 40 letters, digits and `_ . : -`. Default `portcullis:`. */
  readonly prefix?: string;
  /** Milliseconds that a call waits for its answer before it is an outage. 1 to 600,000, default 5,000. */
  readonly timeoutMs?: number;
  /** Milliseconds between checks that the bus still hears. 0 for none, else up to 3,600,000. Default 15,000. */
  readonly heartbeatMs?: number;
  /**
   * Whether an acknowledged write survives a crash of the server: only with `appendonly yes` and `appendfsync always`, and with no
   * failover to a replica that lags. Default false.
   */
  readonly durable?: boolean;
}

/** How records are filed. */
export interface RedisMigrateOptions {
  /**
   * Files every record again, also under indexes that were built before. For once, when the last process of a release that did not know
   * an index has ended after `migrate` built it. Default false.
   */
  readonly rebuild?: boolean;
}

/** A storage in Redis. */
export interface RedisStorage extends Storage {
  readonly bus: Bus;
  /**
   * Builds the indexes of the collections asked for so far, over the records that are there. Looks only at a hash when all are built.
   * Several processes may call it at once: each does the same.
   *
   * @throws StorageUnavailableError; RedisStorageError `storage_drifted`
   */
  migrate(options?: RedisMigrateOptions): Promise<void>;
  /**
   * What differs from what the collections asked for so far need; empty when nothing does.
   *
   * @throws StorageUnavailableError
   */
  drift(): Promise<readonly Drift[]>;
  /** Ends the bus's connection; never the client. */
  close(): void;
}

/**
 * A storage in Redis 5 or later, Valkey or a Redis Cluster, that the application reaches through ioredis or node-redis.
 *
 * The client is used, and never ended. Options are checked; the server is not asked before the first call.
 *
 * @throws CoreError `invalid_option`
 */
export function createRedisStorage(client: RedisClient, options: RedisStorageOptions = {}): RedisStorage {
  const { timeoutMs = 5000, heartbeatMs = 15_000, durable = false, random, clock = Date.now } = options;
  const prefix = checkPrefix(options.prefix ?? 'portcullis:');
  checkMilliseconds('timeoutMs', timeoutMs, [1, 600_000]);
  checkMilliseconds('heartbeatMs', heartbeatMs, [0, 3_600_000]);
  const database: Database = {
    driver: createDriver(client),
    deadlines: createDeadlines(timeoutMs, toStorageError),
    timeoutMs,
  };
  const registry = createIndexRegistry(database, prefix);
  const scripts = createRecordScripts(database);
  const context: CollectionContext = { database, prefix, clock, random, scripts, registry };
  const { collection, all } = createCollectionRegistry((rules) => {
    const { collection: made, fileAll } = createCollection(rules, context);
    return { collection: made, more: { name: rules.name, indexes: rules.indexes, fileAll } };
  });
  // withLease works on every storage without a word from the application.
  collection(leaseCollection);

  const migrate = async ({ rebuild = false }: RedisMigrateOptions): Promise<void> => {
    for (const { name, indexes, fileAll } of all()) {
      const built = await Promise.all(indexes.map((index) => registry.isBuilt(name, index)));
      if (indexes.length === 0 || (!rebuild && built.every(Boolean))) continue;
      await fileAll();
      for (const index of indexes) await registry.markBuilt(name, index);
    }
  };

  const bus = createRedisBus({ database, channel: `${prefix}bus`, heartbeatMs, random });

  return Object.freeze({
    collection,
    counters: createCounters(context),
    bus: Object.freeze({ publish: bus.publish, subscribe: bus.subscribe }),
    capabilities: Object.freeze({ shared: true, durable, bus: true }),
    migrate: (how: RedisMigrateOptions = {}) => migrate(how).catch(rethrow),
    drift: () => findDrift({ database, registry, durable }, all()).catch(rethrow),
    close: () => bus.close(),
  });
}

function rethrow(error: unknown): never {
  throw toStorageError(error);
}

function checkMilliseconds(name: string, value: number, [least, most]: readonly [number, number]): void {
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw invalidOption(name, `give whole milliseconds, ${least} to ${most.toLocaleString('en')}.`);
}
