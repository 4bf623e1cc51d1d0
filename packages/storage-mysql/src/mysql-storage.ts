import {
  type Environment,
  type Storage,
  createCollectionRegistry,
  createDeadlines,
  invalidOption,
  leaseCollection,
} from '@portcullis/core/storage';
import { type CollectionContext, createCollection } from './collection.js';
import { createCounters } from './counters.js';
import { type Ask, type Drift, findDrift } from './drift.js';
import { type Database, type MysqlClient, type MysqlPool, poolOf } from './driver.js';
import { MysqlStorageError, toStorageError } from './errors.js';
import { type TableSchema, checkPrefix, collectionSchema, countersSchema, createStatements } from './migrations.js';

/** How the storage uses its database. */
export interface MysqlStorageOptions extends Pick<Environment, 'clock' | 'random'> {
  /** What the names of its tables begin with. Default `portcullis_`. */
  readonly prefix?: string;
  /** Milliseconds that a call waits, for a connection and for the answer, before it is an outage. 1 to 600,000, default 5,000. */
  readonly timeoutMs?: number;
  /**
   * The most bytes of JSON that a record may have, some less than the server's `max_allowed_packet`: 16 MiB by default in MariaDB, 64 MiB in
   * MySQL. 1,000 to 1,000,000,000, default 15,000,000.
   */
  readonly maxRecordBytes?: number;
  /** Whether statements are prepared once for each connection. Default true. Set it to false behind a proxy that cannot. */
  readonly preparedStatements?: boolean;
  /**
   * Whether the server syncs each write to its disk before it acknowledges it, as InnoDB does by default. Say false where
   * `innodb_flush_log_at_trx_commit` is not 1. Default true.
   */
  readonly durable?: boolean;
}

/** A storage in a MySQL or MariaDB database. */
export interface MysqlStorage extends Storage {
  /** The statements that make an empty database ready for every collection asked for so far. */
  migrations(): readonly string[];
  /**
   * Brings the database to what the collections asked for so far need. Does nothing when it is there already. Of several processes that
   * call it at once, one works and the others wait. New indexes of existing tables are built while writes go on.
   *
   * @throws MysqlStorageError `storage_drifted` when something differs that would need data to be moved; StorageUnavailableError
   */
  migrate(): Promise<void>;
  /**
   * What differs from what the collections asked for so far need; empty when nothing does.
   *
   * @throws StorageUnavailableError
   */
  drift(): Promise<readonly Drift[]>;
}

// How long one wait for another process's migration takes, before the next.
const lockSeconds = 30;

/**
 * A storage in a database of MySQL 8 or MariaDB 10.11 and later, that the application reaches through a pool of mysql2.
 *
 * The pool is used, and never ended; it has the database selected. Several processes may use one database. Options are checked; the
 * database is not asked before the first call.
 *
 * @throws CoreError `invalid_option`
 */
export function createMysqlStorage(client: MysqlClient, options: MysqlStorageOptions = {}): MysqlStorage {
  const { preparedStatements = true, timeoutMs = 5000, maxRecordBytes = 15_000_000 } = options;
  const prefix = checkPrefix(options.prefix ?? 'portcullis_');
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 600_000)
    throw invalidOption('timeoutMs', 'give whole milliseconds, 1 to 600,000.');
  if (!Number.isSafeInteger(maxRecordBytes) || maxRecordBytes < 1000 || maxRecordBytes > 1_000_000_000)
    throw invalidOption('maxRecordBytes', 'give a whole number of bytes, 1,000 to 1,000,000,000.');
  const pool = poolOf(client);
  const deadlines = createDeadlines(timeoutMs, toStorageError);
  const database: Database = { pool, timeoutMs, deadlines, preparedStatements };
  const { clock = Date.now, random } = options;
  const context: CollectionContext = { database, prefix, clock, random, maxRecordBytes };
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
    capabilities: Object.freeze({ shared: true, durable: options.durable ?? true, bus: false }),
    migrations: () => tables().flatMap(createStatements),
    drift: () => inSession(pool, (ask) => findDrift(ask, tables())),
    migrate: () => inSession(pool, (ask) => locked(ask, prefix, () => migrate(ask, tables()))),
  });
}

async function inSession<R>(pool: MysqlPool, work: (ask: Ask) => Promise<R>): Promise<R> {
  try {
    const connection = await pool.getConnection();
    try {
      return await work((sql) =>
        connection.query({ sql, rowsAsArray: true }).then(([rows]) => rows as readonly (readonly unknown[])[]),
      );
    } finally {
      connection.release();
    }
  } catch (error) {
    throw toStorageError(error);
  }
}

async function locked(ask: Ask, prefix: string, work: () => Promise<void>): Promise<void> {
  const name = `concat('${prefix} ', md5(DATABASE()))`;
  for (let answer: unknown = 0; Number(answer) !== 1; ) {
    [[answer]] = (await ask(`SELECT GET_LOCK(${name}, ${lockSeconds})`)) as [readonly unknown[]];
    if (answer === null) throw invalidOption('client', 'select a database when the pool is made.');
  }
  try {
    await work();
  } finally {
    await ask(`SELECT RELEASE_LOCK(${name})`);
  }
}

async function migrate(ask: Ask, tables: readonly TableSchema[]): Promise<void> {
  const drifts = await findDrift(ask, tables);
  const stuck = drifts.filter(({ mend }) => mend.length === 0);
  if (stuck.length > 0) {
    const names = stuck.map(({ kind, table, name }) => `${kind} ${table}.${name}`).join(', ');
    throw new MysqlStorageError('storage_drifted', `migrate() would have to move data: ${names}. Mend it by hand.`);
  }
  for (const sql of drifts.flatMap(({ mend }) => mend)) await ask(sql);
}
