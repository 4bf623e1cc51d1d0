import {
  type CallOptions,
  type Collection,
  type Counters,
  type Environment,
  type MaybePromise,
  type Storage,
  type StoredRecord,
  assertNotAborted,
  createCollectionRegistry,
  invalidOption,
  leaseCollection,
  withDeadline,
} from '@portcullis/core/storage';
import { type CollectionContext, createCollection } from './collection.js';
import { createCounters } from './counters.js';
import { type Drift, findDrift, stuckNames } from './drift.js';
import { type Query, type Row, type SqliteValue, integer } from './driver.js';
import { SqliteStorageError, toStorageError } from './errors.js';
import { type TableSchema, checkPrefix, collectionSchema, countersSchema, createStatements } from './migrations.js';

/** A statement of D1. */
export interface D1Statement {
  bind(...values: unknown[]): D1Statement;
  all(): Promise<{ readonly results: unknown[]; readonly meta: object }>;
}

/** A D1 binding (`env.DB`), as it is: not a session of it, which may read from a replica that does not know yet what was revoked. */
export interface D1Database {
  prepare(sql: string): D1Statement;
  /** All of them or none. */
  batch(statements: never[]): Promise<unknown>;
}

/** How the storage uses its database. */
export interface D1StorageOptions extends Pick<Environment, 'clock' | 'random'> {
  /** What the names of its tables begin with. Default `portcullis_`. */
  readonly prefix?: string;
  /** Milliseconds that a call waits before it is an outage. 1 to 600,000, default 5,000. */
  readonly timeoutMs?: number;
}

/** A storage in a D1 database. */
export interface D1Storage extends Storage {
  /** The statements that make an empty database ready for every collection asked for so far: for `wrangler d1 migrations`. */
  migrations(): readonly string[];
  /**
   * Brings the database to what the collections asked for so far need, all of it or nothing. Does nothing when it is there already.
   *
   * @throws SqliteStorageError `storage_drifted` when something differs that would need data to be moved; StorageUnavailableError
   */
  migrate(): Promise<void>;
  /** What differs from what the collections asked for so far need; empty when nothing does. */
  drift(): Promise<readonly Drift[]>;
}

/**
 * A storage in a Cloudflare D1 database. The statements are those of SQLite; each is atomic, and none needs a transaction.
 *
 * @throws CoreError `invalid_option`
 */
export function createD1Storage(database: D1Database, options: D1StorageOptions = {}): D1Storage {
  if (typeof database?.prepare !== 'function' || typeof database.batch !== 'function')
    throw invalidOption('database', 'give a D1 binding, as in env.DB.');
  const { timeoutMs = 5000, clock = Date.now, random } = options;
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 600_000)
    throw invalidOption('timeoutMs', 'give whole milliseconds, 1 to 600,000.');
  const prefix = checkPrefix(options.prefix ?? 'portcullis_');
  const query = (sql: string): Query => createD1Query(database, sql);
  const context: CollectionContext = { query, prefix, clock, random };
  const { collection, all } = createCollectionRegistry((rules) => ({
    collection: limitCollection(createCollection(rules, context), limited),
    more: collectionSchema(rules, prefix),
  }));
  const tables = (): readonly TableSchema[] => [countersSchema(prefix), ...all()];
  const limited = createLimits(timeoutMs);
  const findOwnDrift = async (): Promise<readonly Drift[]> => findDrift(query, tables());
  const counters = createCounters({ query, prefix, clock });
  const inTurn = createTurns();
  // withLease works on every storage without a word from the application.
  collection(leaseCollection);

  return Object.freeze({
    collection,
    counters: Object.freeze({
      consume: (key, rule, how) =>
        limited(how, () => inTurn(key, () => limited(undefined, () => counters.consume(key, rule, how)))),
      reset: (key, call) => limited(call, () => counters.reset(key, call)),
    } satisfies Counters),
    capabilities: Object.freeze({ shared: true, durable: true, bus: false }),
    migrations: () => tables().flatMap(createStatements),
    drift: findOwnDrift,
    async migrate() {
      const drifts = await findOwnDrift();
      const stuck = stuckNames(drifts);
      if (stuck !== '')
        throw new SqliteStorageError(
          'storage_drifted',
          `migrate() would have to move data: ${stuck}. Mend it by hand.`,
        );
      const statements = drifts.flatMap(({ mend }) => mend).map((sql) => database.prepare(sql));
      if (statements.length === 0) return;
      try {
        await database.batch(statements as never[]);
      } catch (error) {
        // Of several processes that migrate at once, all but one find the tables there.
        if ((await findOwnDrift()).length > 0) throw toStorageError(error);
      }
    },
  });
}

function createD1Query(database: D1Database, sql: string): Query {
  let prepared: D1Statement | undefined;
  const ask = async (
    values: readonly SqliteValue[],
  ): Promise<{ readonly rows: readonly Row[]; readonly meta: object }> => {
    try {
      prepared ??= database.prepare(sql);
      const { results, meta } = await (values.length === 0 ? prepared : prepared.bind(...values)).all();
      return { rows: results as Row[], meta };
    } catch (error) {
      throw toStorageError(error);
    }
  };
  return Object.freeze({
    get: async (...values: SqliteValue[]) => (await ask(values)).rows[0],
    all: async (...values: SqliteValue[]) => (await ask(values)).rows,
    run: async (...values: SqliteValue[]) => integer((await ask(values)).meta as Row, 'changes'),
  });
}

/** Runs a call for as long as it may take; what it throws at once is a rejection too. */
type Limits = <R>(call: CallOptions | undefined, work: () => MaybePromise<R>) => Promise<R>;

function createLimits(timeoutMs: number): Limits {
  return async <R>(call: CallOptions | undefined, work: () => MaybePromise<R>): Promise<R> => {
    assertNotAborted(call);
    const answer = Promise.resolve(work());
    return withDeadline(answer, { signal: call?.signal, timeoutMs: call?.timeoutMs ?? timeoutMs });
  };
}

/**
 * Runs the work on one key one after the other. A counter is a compare-and-set over the network: callers of one process on one key
 * would make each other lose, again and again.
 */
function createTurns(): <R>(key: string, work: () => Promise<R>) => Promise<R> {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (last.get(key) === turn) last.delete(key);
    }
  };
}

function limitCollection<T extends StoredRecord>(inner: Collection<T>, limited: Limits): Collection<T> {
  const collection: Collection<T> = {
    create: (record, call) => limited(call, () => inner.create(record, call)),
    get: (id, call) => limited(call, () => inner.get(id, call)),
    update: (id, version, record, call) => limited(call, () => inner.update(id, version, record, call)),
    touch: (entries, call) => limited(call, () => inner.touch(entries, call)),
    take: (id, call) => limited(call, () => inner.take(id, call)),
    delete: (id, call) => limited(call, () => inner.delete(id, call)),
    list: (page, call) => limited(call, () => inner.list(page, call)),
    deleteWhere: (index, value, call) => limited(call, () => inner.deleteWhere(index, value, call)),
    scan: (page, call) => limited(call, () => inner.scan(page, call)),
    deleteExpired: (limit, call) => limited(call, () => inner.deleteExpired(limit, call)),
  };
  return Object.freeze(collection);
}
