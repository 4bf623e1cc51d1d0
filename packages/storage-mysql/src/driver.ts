import { type CallOptions, assertNotAborted, invalidOption, withDeadline } from '@portcullis/core/storage';
import { MysqlStorageError, isUndone, toStorageError } from './errors.js';

/**
 * What is bound to a `?` of a statement. Text goes as bytes: whatever character set the connection has, nothing is converted or lost.
 * A bigint is a row count: a driver that sends numbers as doubles would have LIMIT refused.
 */
export type MysqlValue = Uint8Array | number | bigint | null;

/** A statement as mysql2 takes it. */
export interface MysqlStatement {
  readonly sql: string;
  readonly rowsAsArray: true;
}

/** What answers a statement: a pool, or a connection of one. */
export interface MysqlRunner {
  query(statement: MysqlStatement, values?: MysqlValue[]): Promise<[unknown, unknown]>;
}

/** A connection of a pool, for `migrate` alone. */
export interface MysqlConnection extends MysqlRunner {
  release(): void;
}

/** A pool of `mysql2/promise`. */
export interface MysqlPool extends MysqlRunner {
  execute(statement: MysqlStatement, values?: MysqlValue[]): Promise<[unknown, unknown]>;
  getConnection(): Promise<MysqlConnection>;
}

/** A pool of `mysql2`, with callbacks. */
export interface MysqlCallbackPool {
  promise(): MysqlPool;
}

/** A pool that the application has made, and ends. */
export type MysqlClient = MysqlPool | MysqlCallbackPool;

/** A row as it was read: values by position. */
export type Row = readonly unknown[];

/** What a statement that writes has done. */
export interface Written {
  /** Rows that were changed; whether rows that were found as they should be count is a flag of the connection, so nothing may hang on it. */
  readonly count: number;
  /** What the statement gave to `LAST_INSERT_ID`; 0 when it did not. */
  readonly told: number;
}

/** The pool, and how it is used. */
export interface Database {
  readonly pool: MysqlPool;
  readonly timeoutMs: number;
  readonly preparedStatements: boolean;
}

/** A statement whose failures are errors of the storage contract. */
export interface Query {
  rows(values: readonly MysqlValue[], call: CallOptions | undefined): PromiseLike<readonly Row[]>;
  write(values: readonly MysqlValue[], call: CallOptions | undefined): PromiseLike<Written>;
}

// Each time another transaction had its way, so that only a storm on one row comes near this.
const maxAttempts = 20;

/**
 * The pool of a client of either kind.
 *
 * @throws CoreError `invalid_option`
 */
export function poolOf(client: MysqlClient): MysqlPool {
  const shape = (client ?? {}) as Partial<MysqlPool & MysqlCallbackPool>;
  if (typeof shape.promise === 'function') return shape.promise();
  if (typeof shape.execute === 'function' && typeof shape.getConnection === 'function') return client as MysqlPool;
  throw invalidOption('client', 'give a pool of mysql2 or mysql2/promise, made with createPool.');
}

/** A statement of this database: one round trip, and atomic without a transaction. */
export function createQuery(database: Database, sql: string): Query {
  const statement: MysqlStatement = { sql, rowsAsArray: true };
  const ask = (values: readonly MysqlValue[], call: CallOptions | undefined): PromiseLike<unknown> => {
    assertNotAborted(call);
    return withDeadline(attempt(database, statement, values), {
      signal: call?.signal,
      timeoutMs: call?.timeoutMs ?? database.timeoutMs,
    });
  };
  return Object.freeze({
    rows: (values: readonly MysqlValue[], call: CallOptions | undefined) =>
      ask(values, call).then((result) => result as readonly Row[]),
    write: (values: readonly MysqlValue[], call: CallOptions | undefined) =>
      ask(values, call).then((result): Written => {
        const { affectedRows, insertId } = result as { readonly affectedRows: unknown; readonly insertId: unknown };
        return { count: integer(affectedRows), told: integer(insertId) };
      }),
  });
}

async function attempt(
  { pool, preparedStatements }: Database,
  statement: MysqlStatement,
  values: readonly MysqlValue[],
): Promise<unknown> {
  for (let left = maxAttempts; ; left -= 1) {
    try {
      const [result] = preparedStatements
        ? await pool.execute(statement, [...values])
        : await pool.query(statement, [...values]);
      return result;
    } catch (error) {
      if (left <= 1 || !isUndone(error)) throw toStorageError(error);
    }
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text as it is bound. */
export function bytes(value: string): Uint8Array {
  // The driver takes a Buffer for bytes; a plain Uint8Array it would send as JSON.
  return Buffer.from(value, 'utf8');
}

/** Reads a whole number, which a driver may give as a string or bigint. */
export function integer(value: unknown): number {
  if (typeof value === 'number') return value;
  if ((typeof value === 'string' && /^-?\d+$/.test(value)) || typeof value === 'bigint') return Number(value);
  throw new MysqlStorageError('storage_drifted', 'A column of times or counts does not hold a whole number.');
}

/** As `integer`, for a column that may be null. */
export function optionalInteger(value: unknown): number | undefined {
  return value === null ? undefined : integer(value);
}

/** Reads text that was selected as bytes. */
export function text(value: unknown): string {
  if (value instanceof Uint8Array) {
    try {
      return decoder.decode(value);
    } catch {
      // Falls through: bytes that are no text were written by somebody else.
    }
  }
  throw new MysqlStorageError('storage_drifted', 'A column of text holds something else.');
}
