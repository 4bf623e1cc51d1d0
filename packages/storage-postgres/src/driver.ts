import { type CallOptions, type Deadlines, assertNotAborted, withDeadline } from '@portcullis/core/storage';
import { PostgresStorageError, isUndone, toStorageError } from './errors.js';

/** What is bound to a parameter of a statement. */
export type PostgresValue = string | number | boolean | null;

/** A row as it was read: values by position, which no driver's naming of columns can change. */
export type Row = readonly unknown[];

/** What the server answered. */
export interface Answer {
  readonly rows: readonly Row[];
  /** Rows written, or read. */
  readonly rowCount: number | null;
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
  /** For calls that do not say how long they wait. */
  readonly deadlines: Deadlines;
}

/** A statement whose failures are errors of the storage contract. */
export interface Query {
  rows(values: readonly PostgresValue[], call: CallOptions | undefined): Promise<readonly Row[]>;
  count(values: readonly PostgresValue[], call: CallOptions | undefined): Promise<number>;
  /** What `read` makes of the rows. */
  read<R>(
    values: readonly PostgresValue[],
    call: CallOptions | undefined,
    read: (rows: readonly Row[]) => R,
  ): Promise<R>;
}

// Each time another transaction had its way, so that only a storm on one row comes near this.
const maxAttempts = 10;

/** A statement of this database: one round trip, and atomic without a transaction. */
export function createQuery(database: Database, sql: string): Query {
  const { driver, deadlines, timeoutMs } = database;
  const ask = <R>(
    values: readonly PostgresValue[],
    call: CallOptions | undefined,
    read: (answer: Answer) => R,
  ): Promise<R> => {
    assertNotAborted(call);
    const work = attempt(driver, sql, values, maxAttempts);
    if (call?.signal === undefined && call?.timeoutMs === undefined) return deadlines.wait(work, read);
    const limited = withDeadline(work, { signal: call.signal, timeoutMs: call.timeoutMs ?? timeoutMs });
    return Promise.resolve(limited.then(read));
  };
  return Object.freeze({
    rows: (values: readonly PostgresValue[], call: CallOptions | undefined) => ask(values, call, ({ rows }) => rows),
    count: (values: readonly PostgresValue[], call: CallOptions | undefined) =>
      ask(values, call, ({ rowCount }) => rowCount ?? 0),
    read: <R>(
      values: readonly PostgresValue[],
      call: CallOptions | undefined,
      read: (rows: readonly Row[]) => R,
    ): Promise<R> => ask(values, call, ({ rows }) => read(rows)),
  });
}

function attempt(driver: Driver, sql: string, values: readonly PostgresValue[], left: number): PromiseLike<Answer> {
  return driver.run(sql, values).then(undefined, (error: unknown) => {
    if (left <= 1 || !isUndone(error)) throw toStorageError(error);
    return attempt(driver, sql, values, left - 1);
  });
}

/** Reads a whole number. bigint comes as a string from most drivers, as a number or a bigint from some. */
export function integer(value: unknown): number {
  if (typeof value === 'number') return value;
  if ((typeof value === 'string' && /^-?\d+$/.test(value)) || typeof value === 'bigint') return Number(value);
  throw new PostgresStorageError('storage_drifted', 'A column of times or counts does not hold a whole number.');
}

/** Reads text. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new PostgresStorageError('storage_drifted', 'A column of text holds something else.');
}
