import type { MaybePromise } from '@portcullis/core/storage';
import { SqliteStorageError, toStorageError } from './errors.js';

/** What is bound to a `?` of a statement. */
export type SqliteValue = string | number | null;

/**
 * A prepared statement, as node:sqlite, libsql, better-sqlite3 and bun:sqlite have it. What they say of their parameters differs and is
 * left open here: all of them take a list of `SqliteValue`.
 */
export interface SqliteStatement {
  get(...values: never[]): unknown;
  all(...values: never[]): unknown[];
  run(...values: never[]): unknown;
}

/** A database that is already open, of whichever of these drivers. Its settings for integers may be any; rows must come as objects. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement;
}

/** A row as it was read: columns by name. */
export type Row = Readonly<Record<string, unknown>>;

/** A statement that is prepared at its first use and then kept. Answers at once where the driver does. */
export interface Query {
  /** The first row of a statement that reads. */
  get(...values: SqliteValue[]): MaybePromise<Row | undefined>;
  /** All rows, also of a `DELETE ... RETURNING`. */
  all(...values: SqliteValue[]): MaybePromise<readonly Row[]>;
  /** How many rows a statement without `RETURNING` has written: in every driver several times faster than to return them. */
  run(...values: SqliteValue[]): MaybePromise<number>;
}

/** A `Query` of a driver that answers at once. */
export interface SyncQuery extends Query {
  get(...values: SqliteValue[]): Row | undefined;
  all(...values: SqliteValue[]): readonly Row[];
  run(...values: SqliteValue[]): number;
}

/** A statement of this database whose failures are errors of the storage contract. */
export function createQuery(database: SqliteDatabase, sql: string): SyncQuery {
  let prepared: SqliteStatement | undefined;
  const use = <R>(work: (statement: SqliteStatement) => R): R => {
    try {
      return work((prepared ??= database.prepare(sql)));
    } catch (error) {
      throw toStorageError(error);
    }
  };

  return Object.freeze({
    // bun:sqlite has null for no row.
    get: (...values: SqliteValue[]) =>
      use((statement) => (statement.get(...(values as never[])) as Row | null | undefined) ?? undefined),
    all: (...values: SqliteValue[]) => use((statement) => statement.all(...(values as never[])) as Row[]),
    run: (...values: SqliteValue[]) =>
      use((statement) => integer((statement.run(...(values as never[])) ?? {}) as Row, 'changes')),
  });
}

/** Runs a statement that gives no rows, once. */
export function execute(database: SqliteDatabase, sql: string): void {
  try {
    database.prepare(sql).run();
  } catch (error) {
    throw toStorageError(error);
  }
}

/** Reads a column of whole numbers, which a driver may give as bigint. */
export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  throw new SqliteStorageError('storage_drifted', `The column ${column} does not hold a whole number.`);
}

/** As `integer`, for a column that may be null. */
export function optionalInteger(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : integer(row, column);
}

/** Reads a column of text. */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw new SqliteStorageError('storage_drifted', `The column ${column} does not hold text.`);
}
