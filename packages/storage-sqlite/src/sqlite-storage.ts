import {
  type Environment,
  type Storage,
  createCollectionRegistry,
  invalidOption,
  leaseCollection,
} from '@portcullis/core/storage';
import { type CollectionContext, createCollection } from './collection.js';
import { createCounters } from './counters.js';
import { type Drift, findDrift, stuckNames } from './drift.js';
import { type SqliteDatabase, type SyncQuery, createQuery, execute } from './driver.js';
import { SqliteStorageError } from './errors.js';
import { type TableSchema, checkPrefix, collectionSchema, countersSchema, createStatements } from './migrations.js';

/** How the storage uses its database. */
export interface SqliteStorageOptions extends Pick<Environment, 'clock' | 'random'> {
  /** What the names of its tables begin with. Default `portcullis_`. */
  readonly prefix?: string;
  /** Milliseconds that a statement waits for another process's write before it is an outage. 0 to 60,000, default 5,000. */
  readonly busyTimeoutMs?: number;
  /**
   * `full` (default) syncs each write to the disk before it is acknowledged. `normal` is several times faster and loses the last writes,
   * revocations among them, when the machine loses power; the storage then says `durable: false`.
   */
  readonly durability?: 'full' | 'normal';
}

/** A storage in a SQLite database. Every call answers at once. */
export interface SqliteStorage extends Storage {
  /** The statements that make an empty database ready for every collection asked for so far. */
  migrations(): readonly string[];
  /**
   * Brings the database to what the collections asked for so far need, in one transaction. Does nothing when it is there already.
   *
   * @throws SqliteStorageError `storage_drifted` when something differs that would need data to be moved
   */
  migrate(): void;
  /** What differs from what the collections asked for so far need; empty when nothing does. */
  drift(): readonly Drift[];
}

/**
 * A storage in a SQLite database that the application has opened with node:sqlite, libsql, better-sqlite3 or bun:sqlite.
 *
 * Sets `busy_timeout`, `journal_mode = WAL` and `synchronous` on the connection. Several processes may use one file on a local disk.
 * Closing the database is the application's.
 *
 * @throws CoreError `invalid_option`; StorageUnavailableError when the database does not answer
 */
export function createSqliteStorage(database: SqliteDatabase, options: SqliteStorageOptions = {}): SqliteStorage {
  const prefix = checkPrefix(options.prefix ?? 'portcullis_');
  const inMemory = openDatabase(database, options);
  const durable = !inMemory && options.durability !== 'normal';
  const query = (sql: string): SyncQuery => createQuery(database, sql);
  const context: CollectionContext = { query, prefix, clock: options.clock ?? Date.now, random: options.random };
  const { collection, all } = createCollectionRegistry((rules) => ({
    collection: createCollection(rules, context),
    more: collectionSchema(rules, prefix),
  }));
  // withLease works on every storage without a word from the application.
  collection(leaseCollection);
  const tables = (): readonly TableSchema[] => [countersSchema(prefix), ...all()];
  return Object.freeze({
    collection,
    counters: createCounters(context),
    capabilities: Object.freeze({ shared: !inMemory, durable, bus: false }),
    migrations: () => tables().flatMap(createStatements),
    drift: () => driftOf(query, tables()),
    migrate: () => migrate(database, tables()),
  });
}

function openDatabase(database: SqliteDatabase, options: SqliteStorageOptions): boolean {
  if (typeof database?.prepare !== 'function')
    throw invalidOption('database', 'give an open database with a prepare method, not a file name.');
  const { busyTimeoutMs = 5000, durability = 'full' } = options;
  if (!Number.isSafeInteger(busyTimeoutMs) || busyTimeoutMs < 0 || busyTimeoutMs > 60_000) {
    throw invalidOption('busyTimeoutMs', 'give whole milliseconds, 0 to 60,000.');
  }
  if (durability !== 'full' && durability !== 'normal') throw invalidOption('durability', 'use "full" or "normal".');
  // First: changing the journal mode may itself have to wait for another process.
  createQuery(database, `PRAGMA busy_timeout = ${busyTimeoutMs}`).get();
  const mode = createQuery(database, 'PRAGMA journal_mode = WAL').get()?.['journal_mode'];
  execute(database, `PRAGMA synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`);
  return mode === 'memory';
}

function migrate(database: SqliteDatabase, tables: readonly TableSchema[]): void {
  // Immediate: of several processes that start at once, one migrates and the others then find nothing to do.
  execute(database, 'BEGIN IMMEDIATE');
  try {
    const drifts = driftOf((sql) => createQuery(database, sql), tables);
    const stuck = stuckNames(drifts);
    if (stuck !== '')
      throw new SqliteStorageError('storage_drifted', `migrate() would have to move data: ${stuck}. Mend it by hand.`);
    for (const sql of drifts.flatMap(({ mend }) => mend)) execute(database, sql);
    execute(database, 'COMMIT');
  } catch (error) {
    execute(database, 'ROLLBACK');
    throw error;
  }
}

// Every query has answered at once, and so has this.
function driftOf(query: (sql: string) => SyncQuery, tables: readonly TableSchema[]): readonly Drift[] {
  return findDrift(query, tables) as readonly Drift[];
}
