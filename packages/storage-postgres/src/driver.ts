import { type CallOptions, assertNotAborted, withDeadline } from '@portcullis/core/storage';
import { PostgresStorageError, isUndone, toStorageError } from './errors.js';

/** What is bound to a parameter of a statement. */
export type PostgresValue = string | number | boolean | null;

/** A row as it was read: values by position, which no driver's naming of columns can change. */
export type Row = readonly unknown[];

/** What the server answered. */
export interface Answer {
  readonly rows: readonly Row[];
  /** Rows written, or read. */
  readonly count: number;
}

/** What a subscription to one channel tells. */
export interface Ear {
  message(payload: string): void;
  /** The connection is gone, once; nothing comes after it. */
  broken(): void;
}

/** A client of any kind, as the rest of this package sees it. */
export interface Driver {
  /** Whether other processes see what it writes. */
  readonly shared: boolean;
  run(sql: string, values: readonly PostgresValue[]): PromiseLike<Answer>;
  /** Work whose statements go one after the other over one connection. */
  session<R>(work: (run: (sql: string) => PromiseLike<Answer>) => Promise<R>): Promise<R>;
  /** `undefined` where this client has no connection to listen on. The function returned ends the subscription. */
  readonly listen: ((channel: string, ear: Ear) => Promise<() => void>) | undefined;
}

/** A driver, and how long to wait for it. */
export interface Database {
  readonly driver: Driver;
  readonly timeoutMs: number;
}

/** A statement whose failures are errors of the storage contract. */
export interface Query {
  rows(values: readonly PostgresValue[], call: CallOptions | undefined): PromiseLike<readonly Row[]>;
  count(values: readonly PostgresValue[], call: CallOptions | undefined): PromiseLike<number>;
}

// Each time another transaction had its way, so that only a storm on one row comes near this.
const maxAttempts = 10;

/** A statement of this database: one round trip, and atomic without a transaction. */
export function createQuery(database: Database, sql: string): Query {
  const ask = (values: readonly PostgresValue[], call: CallOptions | undefined): PromiseLike<Answer> => {
    assertNotAborted(call);
    return withDeadline(attempt(database.driver, sql, values), {
      signal: call?.signal,
      timeoutMs: call?.timeoutMs ?? database.timeoutMs,
    });
  };
  return Object.freeze({
    rows: (values: readonly PostgresValue[], call: CallOptions | undefined) =>
      ask(values, call).then((answer) => answer.rows),
    count: (values: readonly PostgresValue[], call: CallOptions | undefined) =>
      ask(values, call).then((answer) => answer.count),
  });
}

async function attempt(driver: Driver, sql: string, values: readonly PostgresValue[]): Promise<Answer> {
  for (let left = maxAttempts; ; left -= 1) {
    try {
      return await driver.run(sql, values);
    } catch (error) {
      if (left <= 1 || !isUndone(error)) throw toStorageError(error);
    }
  }
}

/** Reads a whole number. bigint comes as a string from most drivers, as a number or a bigint from some. */
export function integer(value: unknown): number {
  if (typeof value === 'number') return value;
  if ((typeof value === 'string' && /^-?\d+$/.test(value)) || typeof value === 'bigint') return Number(value);
  throw new PostgresStorageError('storage_drifted', 'A column of times or counts does not hold a whole number.');
}

/** As `integer`, for a column that may be null. */
export function optionalInteger(value: unknown): number | undefined {
  return value === null ? undefined : integer(value);
}

/** Reads text. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new PostgresStorageError('storage_drifted', 'A column of text holds something else.');
}
