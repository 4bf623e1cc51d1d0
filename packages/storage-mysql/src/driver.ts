import {
  type CallOptions,
  type Deadlines,
  assertNotAborted,
  invalidOption,
  withDeadline,
} from '@portcullis/core/storage';
import { isUtf8 } from 'node:buffer';
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

/** What answers a statement that was given as text, by a callback. */
export interface MysqlCallbacks {
  execute(sql: string, values: MysqlValue[], done: (error: unknown, rows: unknown) => void): unknown;
  query(sql: string, values: MysqlValue[], done: (error: unknown, rows: unknown) => void): unknown;
}

/** A pool of `mysql2/promise`. */
export interface MysqlPool extends MysqlRunner {
  execute(statement: MysqlStatement, values?: MysqlValue[]): Promise<[unknown, unknown]>;
  getConnection(): Promise<MysqlConnection>;
  /** The pool with callbacks that it is made over. */
  readonly pool?: MysqlCallbacks;
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
  /** For calls that do not say how long they wait. */
  readonly deadlines: Deadlines;
  readonly preparedStatements: boolean;
}

/** A statement whose failures are errors of the storage contract. */
export interface Query {
  rows(values: readonly MysqlValue[], call: CallOptions | undefined): Promise<readonly Row[]>;
  write(values: readonly MysqlValue[], call: CallOptions | undefined): Promise<Written>;
  /** What `read` makes of the only column, named `packed`, of the first row; of `undefined` where there is no row. */
  read<R>(values: readonly MysqlValue[], call: CallOptions | undefined, read: (packed: unknown) => R): Promise<R>;
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
  const { deadlines, timeoutMs } = database;
  const statement: MysqlStatement = { sql, rowsAsArray: true };
  const wait = <A, R>(work: Promise<A>, call: CallOptions | undefined, read: (answer: A) => R): Promise<R> => {
    if (call?.signal === undefined && call?.timeoutMs === undefined) return deadlines.wait(work, read);
    const limited = withDeadline(work, { signal: call.signal, timeoutMs: call.timeoutMs ?? timeoutMs });
    return Promise.resolve(limited.then(read));
  };
  const ask = (values: readonly MysqlValue[], call: CallOptions | undefined): Promise<Answer> => {
    assertNotAborted(call);
    return attempt(database, statement, values, maxAttempts);
  };
  return Object.freeze({
    rows: (values: readonly MysqlValue[], call: CallOptions | undefined) => wait(ask(values, call), call, rowsOf),
    write: (values: readonly MysqlValue[], call: CallOptions | undefined) => wait(ask(values, call), call, writtenOf),
    read: <R>(
      values: readonly MysqlValue[],
      call: CallOptions | undefined,
      read: (packed: unknown) => R,
    ): Promise<R> => {
      assertNotAborted(call);
      return wait(readCell(database, statement, values), call, read);
    },
  });
}

type Answer = readonly [unknown, unknown];

function rowsOf([rows]: Answer): readonly Row[] {
  return rows as readonly Row[];
}

function writtenOf([result]: Answer): Written {
  const { affectedRows, insertId } = result as { readonly affectedRows: unknown; readonly insertId: unknown };
  return { count: integer(affectedRows), told: integer(insertId) };
}

function attempt(
  database: Database,
  statement: MysqlStatement,
  values: readonly MysqlValue[],
  left: number,
): Promise<Answer> {
  const { pool, preparedStatements } = database;
  const work = preparedStatements ? pool.execute(statement, [...values]) : pool.query(statement, [...values]);
  return work.then(undefined, (error: unknown) => {
    if (left <= 1 || !isUndone(error)) throw toStorageError(error);
    return attempt(database, statement, values, left - 1);
  });
}

/**
 * Reads one cell by text and callback: with the pool's promises and a statement that asks for rows as arrays, this costs the client a quarter more.
 * Where the pool gives rows of another shape, or fails, it is asked again by position: a read may be repeated.
 */
function readCell(database: Database, statement: MysqlStatement, values: readonly MysqlValue[]): Promise<unknown> {
  const { pool, preparedStatements } = database;
  const callbacks = pool.pool;
  if (typeof callbacks?.execute !== 'function') return readCellByPosition(database, statement, values);
  return new Promise((resolve, reject) => {
    const done = (error: unknown, rows: unknown): void => {
      const row = error ? null : (rows as readonly unknown[])[0];
      if (row === undefined) resolve(undefined);
      else if (row !== null && (row as { packed?: unknown }).packed instanceof Uint8Array)
        resolve((row as { packed: unknown }).packed);
      else if (error && !isUndone(error)) reject(toStorageError(error));
      else readCellByPosition(database, statement, values).then(resolve, reject);
    };
    if (preparedStatements) callbacks.execute(statement.sql, [...values], done);
    else callbacks.query(statement.sql, [...values], done);
  });
}

async function readCellByPosition(
  database: Database,
  statement: MysqlStatement,
  values: readonly MysqlValue[],
): Promise<unknown> {
  return rowsOf(await attempt(database, statement, values, maxAttempts))[0]?.[0];
}

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
  // Bytes that are no text were written by somebody else.
  if (value instanceof Uint8Array && isUtf8(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
  throw new MysqlStorageError('storage_drifted', 'A column of text holds something else.');
}
