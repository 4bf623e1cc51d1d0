import { invalidOption } from '@portcullis/core/storage';
import type { Answer, Driver, Ear, PostgresValue, Row } from './driver.js';

/** A statement as `pg` takes it. */
export interface PgStatement {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
  readonly rowMode: 'array';
}

/** A statement's answer, as `pg` gives it. */
export interface PgResult {
  readonly rows: unknown[];
  readonly rowCount: number | null;
}

/** A connection of `pg`, to listen on. */
export interface PgClient {
  query(statement: PgStatement): Promise<PgResult>;
  on(event: 'notification', listener: (message: { channel: string; payload?: string | undefined }) => void): unknown;
  on(event: 'error' | 'end', listener: () => void): unknown;
  end(): unknown;
}

/** A pool of `pg`, or of a driver that is made like it. */
export interface PgPool {
  query(statement: PgStatement): Promise<PgResult>;
  connect(): Promise<PgClient & { release(destroy?: boolean): void }>;
  on(event: 'error', listener: () => void): unknown;
}

/** A query of postgres.js. */
export interface PostgresJsQuery {
  values(): PromiseLike<{ readonly count: number } & readonly unknown[]>;
}

/** What answers a statement: the `sql` of postgres.js, or a connection that it reserved. */
export interface PostgresJsRunner {
  unsafe(sql: string, values: never[], options: { prepare: boolean }): PostgresJsQuery;
}

/** The `sql` of postgres.js. */
export interface PostgresJs extends PostgresJsRunner {
  reserve(): Promise<PostgresJsRunner & { release(): void }>;
  listen(
    channel: string,
    message: (payload: string) => void,
    listening: () => void,
  ): Promise<{ unlisten(): Promise<void> }>;
}

/** A database of PGlite. */
export interface PgliteDatabase {
  query(
    sql: string,
    values: unknown[],
    options: { rowMode: 'array' },
  ): Promise<{ readonly rows: unknown[]; readonly affectedRows?: number | undefined }>;
  listen(channel: string, message: (payload: string) => void): Promise<() => Promise<void>>;
  readonly waitReady: Promise<void>;
}

/** A client that the application has made, and ends. */
export type PostgresClient = PgPool | PostgresJs | PgliteDatabase;

/** How a driver uses its client. */
export interface DriverOptions {
  readonly preparedStatements: boolean;
  readonly connectListener: (() => PromiseLike<PgClient> | PgClient) | undefined;
}

/**
 * The driver for a client, told by the methods that only its kind has.
 *
 * @throws CoreError `invalid_option`
 */
export function createDriver(client: PostgresClient, options: DriverOptions): Driver {
  const shape = (client ?? {}) as Partial<PgPool & PostgresJs & PgliteDatabase>;
  const driver =
    typeof shape.unsafe === 'function'
      ? postgresJs(client as PostgresJs, options)
      : typeof shape.query === 'function' && shape.waitReady !== undefined
        ? pglite(client as PgliteDatabase)
        : typeof shape.query === 'function' && typeof shape.connect === 'function'
          ? pg(client as PgPool, options)
          : undefined;
  if (driver === undefined) throw invalidOption('client', 'give a Pool of pg, a sql of postgres.js, or a PGlite.');
  const { connectListener } = options;
  return connectListener === undefined
    ? driver
    : { ...driver, listen: (channel, ear) => listenOn(connectListener, channel, ear) };
}

function pg(pool: PgPool, { preparedStatements }: DriverOptions): Driver {
  watch(pool);
  const names = new Map<string, string>();
  const nameOf = (sql: string): string => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    const name = statementName(sql);
    names.set(sql, name);
    return name;
  };
  const connect = async (): Promise<PgClient> => {
    const client = await pool.connect();
    return { query: client.query.bind(client), on: client.on.bind(client), end: () => client.release(true) };
  };
  return {
    shared: true,
    // Each in one literal: a spread costs as much as a read does beside its query.
    run: preparedStatements
      ? (text, values) =>
          pool.query({ name: nameOf(text), text, values: values as unknown[], rowMode: 'array' }) as Promise<Answer>
      : (text, values) => pool.query({ text, values: values as unknown[], rowMode: 'array' }) as Promise<Answer>,
    async session(work) {
      const client = await pool.connect();
      // A connection in hand is not watched by its pool.
      watch(client);
      try {
        return await work((sql) => client.query({ text: sql, rowMode: 'array' }) as Promise<Answer>);
      } finally {
        client.release();
      }
    },
    // A pooler in transaction mode swallows LISTEN without a word.
    listen: preparedStatements ? (channel, ear) => listenOn(connect, channel, ear) : undefined,
  };
}

const watched = new WeakSet<object>();

// Without a listener a connection that breaks while it is idle ends the process. The next call finds out by itself.
function watch(emitter: Pick<PgPool, 'on'>): void {
  if (watched.has(emitter)) return;
  watched.add(emitter);
  emitter.on('error', () => undefined);
}

async function listenOn(
  connect: () => PromiseLike<PgClient> | PgClient,
  channel: string,
  ear: Ear,
): Promise<() => void> {
  const client = await connect();
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    void Promise.resolve(client.end()).then(undefined, () => undefined);
  };
  const broken = (): void => {
    if (over) return;
    end();
    ear.broken();
  };
  client.on('error', broken);
  client.on('end', broken);
  client.on('notification', (message) => {
    if (!over && message.channel === channel) ear.message(message.payload ?? '');
  });
  try {
    await client.query({ text: `LISTEN "${channel}"`, rowMode: 'array' });
  } catch (error) {
    end();
    throw error;
  }
  return end;
}

function postgresJs(sql: PostgresJs, { preparedStatements }: DriverOptions): Driver {
  const runOn = (runner: PostgresJsRunner, text: string, values: readonly PostgresValue[], prepare: boolean) =>
    runner
      .unsafe(text, values as never[], { prepare })
      .values()
      .then((rows): Answer => ({ rows: rows as readonly unknown[] as readonly Row[], rowCount: rows.count }));
  return {
    shared: true,
    run: (text, values) => runOn(sql, text, values, preparedStatements),
    async session(work) {
      const reserved = await sql.reserve();
      try {
        return await work((text) => runOn(reserved, text, [], false));
      } finally {
        reserved.release();
      }
    },
    listen: preparedStatements
      ? async (channel, ear) => {
          let [listening, over] = [false, false];
          const { unlisten } = await sql.listen(
            channel,
            (payload) => {
              if (!over) ear.message(payload);
            },
            () => {
              // It reconnects by itself and says so only then: what came in between is lost.
              if (listening && !over) end();
              listening = true;
            },
          );
          const end = (): void => {
            if (over) return;
            over = true;
            void unlisten().then(undefined, () => undefined);
            ear.broken();
          };
          return () => {
            if (over) return;
            over = true;
            void unlisten().then(undefined, () => undefined);
          };
        }
      : undefined,
  };
}

function pglite(database: PgliteDatabase): Driver {
  const run = (sql: string, values: readonly PostgresValue[]): Promise<Answer> =>
    database
      .query(sql, values as unknown[], { rowMode: 'array' })
      .then(({ rows, affectedRows }) => ({ rows: rows as readonly Row[], rowCount: affectedRows ?? rows.length }));
  return {
    shared: false,
    run,
    session: (work) => work((sql) => run(sql, [])),
    listen: async (channel, ear) => {
      // It takes a name as SQL would.
      const unlisten = await database.listen(`"${channel}"`, (payload) => ear.message(payload));
      return () => void unlisten().then(undefined, () => undefined);
    },
  };
}

// A connection refuses one name for two texts, as two releases of this package over one pool would have it: so the text names itself.
function statementName(sql: string): string {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < sql.length; at += 1) {
    const unit = sql.charCodeAt(at);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  const hex = (part: number): string => (part >>> 0).toString(16).padStart(8, '0');
  return `portcullis_${hex(high ^ (low >>> 13))}${hex(low ^ (high >>> 13))}`;
}
