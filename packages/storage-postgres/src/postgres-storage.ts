import {
  type Bus,
  type Environment,
  type Storage,
  createCollectionRegistry,
  createDeadlines,
  invalidOption,
  leaseCollection,
} from '@portcullis/core/storage';
import { createPostgresBus } from './bus.js';
import { type PgClient, type PostgresClient, createDriver } from './clients.js';
import { type CollectionContext, createCollection } from './collection.js';
import { createCounters } from './counters.js';
import { type Ask, type Drift, findDrift } from './drift.js';
import type { Database, Driver } from './driver.js';
import { PostgresStorageError, toStorageError } from './errors.js';
import {
  type Place,
  type TableSchema,
  checkPrefix,
  checkSchema,
  collectionSchema,
  countersSchema,
  createStatements,
  schemaStatements,
} from './migrations.js';

/** How the storage uses its database. */
export interface PostgresStorageOptions extends Pick<Environment, 'clock' | 'random'> {
  /** What the names of its tables begin with. Default `portcullis_`. */
  readonly prefix?: string;
  /** The schema its tables are in. Default: wherever `search_path` says. */
  readonly schema?: string;
  /** Milliseconds that a call waits, for a connection and for the answer, before it is an outage. 1 to 600,000, default 5,000. */
  readonly timeoutMs?: number;
  /**
   * Whether statements are prepared once for each connection. Default true. Set it to false behind PgBouncer or another pooler in
   * transaction mode: there is then no bus unless `connectListener` is given, and `migrate` belongs in one process over a direct connection.
   */
  readonly preparedStatements?: boolean;
  /** Makes a connection for the bus to listen on, which the storage ends. Default: one from the pool. */
  readonly connectListener?: () => PromiseLike<PgClient> | PgClient;
  /** Milliseconds between checks that the bus still hears. 0 for none, else up to 3,600,000. Default 15,000. */
  readonly heartbeatMs?: number;
  /**
   * Whether the server syncs each write to its disk before it acknowledges it, as PostgreSQL does by default. Say false where
   * `synchronous_commit` is off. Default true, and false for PGlite.
   */
  readonly durable?: boolean;
}

/** A storage in a PostgreSQL database. */
export interface PostgresStorage extends Storage {
  /** The statements that make an empty database ready for every collection asked for so far. */
  migrations(): readonly string[];
  /**
   * Brings the database to what the collections asked for so far need. Does nothing when it is there already. Of several processes that
   * call it at once, one works and the others wait. New indexes of existing tables are built while writes go on.
   *
   * @throws PostgresStorageError `storage_drifted` when something differs that would need data to be moved; StorageUnavailableError
   */
  migrate(): Promise<void>;
  /**
   * What differs from what the collections asked for so far need; empty when nothing does.
   *
   * @throws StorageUnavailableError
   */
  drift(): Promise<readonly Drift[]>;
  /** Ends the bus's connection; never the client. */
  close(): void;
}

// Between two looks at whether another process has done migrating.
const lockPauseMs = 100;

/**
 * A storage in a PostgreSQL database (12 or later) that the application reaches through `pg`, postgres.js or PGlite.
 *
 * The client is used, and never ended. Several processes may use one database. Options are checked; the database is not asked before
 * the first call.
 *
 * @throws CoreError `invalid_option`
 */
export function createPostgresStorage(client: PostgresClient, options: PostgresStorageOptions = {}): PostgresStorage {
  const { preparedStatements = true, connectListener, heartbeatMs = 15_000, random } = options;
  const place: Place = { schema: checkSchema(options.schema), prefix: checkPrefix(options.prefix ?? 'portcullis_') };
  checkMilliseconds('timeoutMs', options.timeoutMs ?? 5000, [1, 600_000]);
  checkMilliseconds('heartbeatMs', heartbeatMs, [0, 3_600_000]);
  const driver = createDriver(client, { preparedStatements, connectListener });
  const timeoutMs = options.timeoutMs ?? 5000;
  const database: Database = { driver, timeoutMs, deadlines: createDeadlines(timeoutMs, toStorageError) };
  const context: CollectionContext = { database, place, clock: options.clock ?? Date.now, random };
  const { collection, all } = createCollectionRegistry((rules) => ({
    collection: createCollection(rules, context),
    more: collectionSchema(rules, place.prefix),
  }));
  // withLease works on every storage without a word from the application.
  collection(leaseCollection);

  const tables = (): readonly TableSchema[] => [countersSchema(place.prefix), ...all()];
  const channel = `${place.schema ?? ''}.${place.prefix}bus`.slice(-63);
  const bus = driver.listen === undefined ? undefined : createPostgresBus({ database, channel, heartbeatMs, random });

  return Object.freeze({
    collection,
    counters: createCounters(context),
    ...(bus === undefined ? {} : { bus: { publish: bus.publish, subscribe: bus.subscribe } satisfies Bus }),
    capabilities: Object.freeze({
      shared: driver.shared,
      durable: options.durable ?? driver.shared,
      bus: bus !== undefined,
    }),
    migrations: () => [...schemaStatements(place), ...tables().flatMap((table) => createStatements(table, place))],
    drift: () => inSession(driver, (ask) => findDrift(ask, tables(), place)),
    migrate: () =>
      inSession(driver, (ask) => {
        const work = (): Promise<void> => migrate(ask, tables(), place);
        return preparedStatements && driver.shared ? locked(ask, place, work) : work();
      }),
    close: () => bus?.close(),
  });
}

async function inSession<R>(driver: Driver, work: (ask: Ask) => Promise<R>): Promise<R> {
  try {
    return await driver.session((run) => work((sql) => run(sql).then(({ rows }) => rows)));
  } catch (error) {
    throw toStorageError(error);
  }
}

// Tried and tried again, not waited for: a statement that waits holds a snapshot, and an index being built waits for every snapshot to end.
async function locked(ask: Ask, { schema, prefix }: Place, work: () => Promise<void>): Promise<void> {
  const key = `hashtextextended('portcullis ${schema ?? ''}.${prefix}', 0)`;
  while ((await ask(`SELECT pg_try_advisory_lock(${key})::text`))[0]?.[0] !== 'true') {
    await new Promise((resolve) => setTimeout(resolve, lockPauseMs));
  }
  try {
    await work();
  } finally {
    await ask(`SELECT pg_advisory_unlock(${key})::text`);
  }
}

async function migrate(ask: Ask, tables: readonly TableSchema[], place: Place): Promise<void> {
  const [encoding] = await ask('SHOW server_encoding');
  if (encoding?.[0] !== 'UTF8')
    throw new PostgresStorageError(
      'storage_drifted',
      'The database cannot hold all text. Use one with the encoding UTF8.',
    );
  const drifts = await findDrift(ask, tables, place);
  const stuck = drifts.filter(({ mend }) => mend.length === 0);
  if (stuck.length > 0) {
    const names = stuck.map(({ kind, table, name }) => `${kind} ${table}.${name}`).join(', ');
    throw new PostgresStorageError('storage_drifted', `migrate() would have to move data: ${names}. Mend it by hand.`);
  }
  for (const sql of drifts.flatMap(({ mend }) => mend)) await ask(sql);
}

function checkMilliseconds(name: string, value: number, [least, most]: readonly [number, number]): void {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw invalidOption(name, `give whole milliseconds, ${least} to ${most.toLocaleString('en')}.`);
  }
}
