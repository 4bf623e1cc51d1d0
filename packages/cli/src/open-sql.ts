import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createMysqlStorage } from '@portcullis/storage-mysql';
import { createPostgresStorage } from '@portcullis/storage-postgres';
import { createSqliteStorage, type SqliteDatabase } from '@portcullis/storage-sqlite';
import { loadClient } from './client-library.js';
import { CommandError } from './failures.js';
import { describeFailure, type OpenedStorage, type OpenUrlOptions } from './opened-storage.js';
import type { ServerUrl, SqliteUrl } from './storage-url.js';

// A page of large records over a slow line, an index that is being built: longer than what a request may wait.
const timeoutMs = 30_000;
const defaultPrefix = 'portcullis_';

interface SqliteHandle extends SqliteDatabase {
  close(): unknown;
}

/** A SQLite file. One that is not there is made only where the command says so: a misspelt name is no empty database. */
export function openSqlite(
  { file, name }: SqliteUrl,
  { cwd, prefix = defaultPrefix, create }: OpenUrlOptions,
): OpenedStorage {
  const path = resolve(cwd, file);
  if (!create && !existsSync(path))
    throw new CommandError('storage_missing', `There is no file ${file}. \`portcullis migrate --apply\` makes one.`);
  let database: SqliteHandle;
  try {
    database = openFile(cwd, path);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw describeFailure(error, name, []);
  }
  try {
    const storage = createSqliteStorage(database, { prefix });
    return {
      storage,
      name,
      migrate: async () => storage.migrate(),
      drift: async () => storage.drift(),
      migrations: () => storage.migrations(),
      // SQLite has no clock of its own.
      now: undefined,
      collectionNames: async () => {
        const rows = database.prepare(`SELECT "name" FROM sqlite_master WHERE "type" = 'table'`).all() as {
          name: string;
        }[];
        return collectionsOf(
          rows.map((row) => row.name),
          prefix,
        );
      },
      close: async () => void database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function openFile(cwd: string, path: string): SqliteHandle {
  const builtin = process.getBuiltinModule?.('node:sqlite') as
    | { DatabaseSync: new (file: string) => SqliteHandle }
    | undefined;
  let client: { readonly module: unknown };
  try {
    client = loadClient(cwd, ['libsql', 'better-sqlite3']);
  } catch (error) {
    if (builtin !== undefined && error instanceof CommandError && error.code === 'client_missing')
      return new builtin.DatabaseSync(path);
    throw error;
  }
  const constructor = ((client.module as { default?: unknown }).default ?? client.module) as new (
    file: string,
  ) => SqliteHandle;
  return new constructor(path);
}

/** PostgreSQL, through pg or postgres.js. */
export async function openPostgres({ url, name, secrets }: ServerUrl, options: OpenUrlOptions): Promise<OpenedStorage> {
  const { cwd, prefix = defaultPrefix, schema } = options;
  const { name: library, module } = loadClient(cwd, ['pg', 'postgres']);
  const { client, ask, end } = library === 'pg' ? openPg(module, url) : openPostgresJs(module, url);
  try {
    const storage = createPostgresStorage(client as never, {
      prefix,
      timeoutMs,
      heartbeatMs: 0,
      ...(schema === undefined ? {} : { schema }),
    });
    await ask('SELECT 1');
    return {
      storage,
      name: schema === undefined ? name : `${name} (schema ${schema})`,
      migrate: () => storage.migrate(),
      drift: () => storage.drift(),
      migrations: () => storage.migrations(),
      now: async () => Number(first(await ask('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text'))),
      collectionNames: async () => {
        const where = schema === undefined ? 'current_schema()' : `'${schema}'`;
        const rows = await ask(`SELECT tablename::text FROM pg_tables WHERE schemaname = ${where}`);
        return collectionsOf(
          rows.map(([table]) => String(table)),
          prefix,
        );
      },
      close: async () => {
        storage.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw describeFailure(error, name, secrets);
  }
}

interface Connected {
  readonly client: unknown;
  readonly ask: (sql: string) => Promise<readonly (readonly unknown[])[]>;
  readonly end: () => Promise<void>;
}

function openPg(module: unknown, url: string): Connected {
  interface Pool {
    on(event: 'error', listener: () => void): unknown;
    query(query: { text: string; rowMode: 'array' }): Promise<{ rows: unknown[][] }>;
    end(): Promise<void>;
  }
  const { Pool } = module as { Pool: new (options: object) => Pool };
  const pool = new Pool({ connectionString: url, max: 8, connectionTimeoutMillis: timeoutMs });
  // A connection that breaks while nobody uses it: the next call says so.
  pool.on('error', () => undefined);
  return {
    client: pool,
    ask: async (text) => (await pool.query({ text, rowMode: 'array' })).rows,
    end: () => pool.end(),
  };
}

function openPostgresJs(module: unknown, url: string): Connected {
  interface Sql {
    unsafe(sql: string): { values(): Promise<unknown[][]> };
    end(options: { timeout: number }): Promise<void>;
  }
  const connect = ((module as { default?: unknown }).default ?? module) as (url: string, options: object) => Sql;
  const sql = connect(url, { max: 8, onnotice: () => undefined });
  return { client: sql, ask: (text) => sql.unsafe(text).values(), end: () => sql.end({ timeout: 1 }) };
}

/** MySQL and MariaDB, through mysql2. */
export async function openMysql(
  { url, name, secrets }: ServerUrl,
  { cwd, prefix = defaultPrefix }: OpenUrlOptions,
): Promise<OpenedStorage> {
  interface Pool {
    query(query: { sql: string; rowsAsArray: true }): Promise<[unknown[][], unknown]>;
    end(): Promise<void>;
  }
  const { createPool } = loadClient(cwd, ['mysql2/promise']).module as { createPool: (options: object) => Pool };
  const pool = createPool({ uri: url, connectionLimit: 8, connectTimeout: timeoutMs });
  const ask = async (sql: string): Promise<unknown[][]> => (await pool.query({ sql, rowsAsArray: true }))[0];
  try {
    const storage = createMysqlStorage(pool as never, { prefix, timeoutMs });
    await ask('SELECT 1');
    return {
      storage,
      name,
      migrate: () => storage.migrate(),
      drift: () => storage.drift(),
      migrations: () => storage.migrations(),
      now: async () => Number(first(await ask('SELECT CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)'))),
      collectionNames: async () =>
        collectionsOf(
          (await ask('SHOW TABLES')).map(([table]) => String(table)),
          prefix,
        ),
      close: () => pool.end(),
    };
  } catch (error) {
    await pool.end();
    throw describeFailure(error, name, secrets);
  }
}

function first(rows: readonly (readonly unknown[])[]): unknown {
  return rows[0]?.[0];
}

function collectionsOf(tables: readonly string[], prefix: string): readonly string[] {
  return tables
    .filter((table) => table.startsWith(prefix))
    .map((table) => table.slice(prefix.length))
    .filter((name) => /^[a-z0-9_]{1,40}$/.test(name) && name !== 'counters' && name !== 'migrations');
}
