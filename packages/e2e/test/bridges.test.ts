import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storageSuite, type StorageSuiteOptions, storageTestIds } from '@portcullis/conformance';
import { createMysqlStorage } from '@portcullis/storage-mysql';
import { createPostgresStorage } from '@portcullis/storage-postgres';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import type { MaybePromise, Storage } from '@portcullis/core';
import { fakeClock, mysql, postgres } from '@portcullis-internal/testkit';
import { drizzle as drizzleSqlite } from 'drizzle-orm/better-sqlite3';
import { drizzle as drizzleMysql } from 'drizzle-orm/mysql2';
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres';
import { sql as drizzleSql } from 'drizzle-orm/sql';
import { Kysely, MysqlDialect, PostgresDialect, sql as kyselySql, SqliteDialect } from 'kysely';
import Database from 'libsql';
import { createPool as createCallbackPool } from 'mysql2';
import { createPool } from 'mysql2/promise';
import pg from 'pg';

type Clock = ReturnType<typeof fakeClock>;

/** A storage on the driver of a query builder that has really asked the database through it. */
interface Bridge {
  readonly storage: Storage & { migrate(): MaybePromise<void> };
  readonly driver: object;
  readonly setBroken?: (broken: boolean) => void;
  close(): Promise<void> | void;
}

const [postgresServer, mysqlServer] = await Promise.all([postgres(), mysql()]);
const unique = (): string => `bridge_${randomBytes(6).toString('hex')}`;
const scale = { members: 100, increments: 200, modelRuns: 5 };
const durable = { shared: true, durable: true, bus: false };
const withBus = { ...durable, bus: true };
const unbroken: NonNullable<StorageSuiteOptions['skip']> = [
  {
    reason: "How the driver's failures are told is proved beside the adapter.",
    tests: ['outage.unavailable', 'hang.timeout', 'hang.abort'],
  },
  {
    reason:
      'What several processes with clocks of their own see is proved beside the adapter: the driver has no part in it.',
    tests: storageTestIds.filter((id) => id.startsWith('clocks.')),
  },
];

function suite(name: string, capabilities: typeof durable, open: (clock: Clock) => Promise<Bridge>): void {
  const clock = fakeClock();
  let bridge: Bridge;
  storageSuite({
    name,
    async create(collections) {
      bridge = await open(clock);
      for (const definition of collections) bridge.storage.collection(definition);
      await bridge.storage.migrate();
      return bridge.storage;
    },
    clock,
    advanceClock: (ms) => void clock.advance(ms),
    capabilities,
    destroy: () => bridge.close(),
    skip: unbroken,
    scale,
  });
}

function sqliteFile(): { readonly database: Database.Database; close(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bridge-'));
  const database = new Database(join(folder, 'auth.db'));
  return {
    database,
    close() {
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

suite('the driver of Drizzle on SQLite', durable, async (clock) => {
  const { database, close } = sqliteFile();
  const db = drizzleSqlite({ client: database as never });
  db.run(drizzleSql`CREATE TABLE mine (id INTEGER)`);
  return { storage: createSqliteStorage(db.$client, { clock }), driver: db, close };
});

suite('the driver of Kysely on SQLite', durable, async (clock) => {
  const { database, close } = sqliteFile();
  const db = new Kysely<object>({ dialect: new SqliteDialect({ database: database as never }) });
  await kyselySql`CREATE TABLE mine (id INTEGER)`.execute(db);
  return { storage: createSqliteStorage(database, { clock }), driver: db, close };
});

if (postgresServer !== undefined) {
  const open = (): { readonly pool: pg.Pool; readonly schema: string; close(): Promise<void> } => {
    const schema = unique();
    const pool = new pg.Pool({ connectionString: postgresServer.url, max: 8, options: '-c synchronous_commit=off' });
    return {
      pool,
      schema,
      async close() {
        await pool.query(`DROP SCHEMA ${schema} CASCADE`);
        await pool.end();
      },
    };
  };
  suite('the driver of Drizzle on PostgreSQL', withBus, async (clock) => {
    const { pool, schema, close } = open();
    const db = drizzlePostgres({ client: pool });
    await db.execute(drizzleSql`SELECT 1`);
    return { storage: createPostgresStorage(db.$client, { clock, schema, timeoutMs: 60_000 }), driver: db, close };
  });
  suite('the driver of Kysely on PostgreSQL', withBus, async (clock) => {
    const { pool, schema, close } = open();
    const db = new Kysely<object>({ dialect: new PostgresDialect({ pool }) });
    await kyselySql`SELECT 1`.execute(db);
    return { storage: createPostgresStorage(pool, { clock, schema, timeoutMs: 60_000 }), driver: db, close };
  });
}

if (mysqlServer !== undefined) {
  const open = async (): Promise<{ readonly options: { uri: string }; drop(): Promise<void> }> => {
    const admin = createPool({ uri: mysqlServer.url, connectionLimit: 1 });
    const database = unique();
    await admin.query(`CREATE DATABASE ${database}`);
    const url = new URL(mysqlServer.url);
    url.pathname = `/${database}`;
    return {
      options: { uri: url.href },
      async drop() {
        await admin.query(`DROP DATABASE ${database}`);
        await admin.end();
      },
    };
  };
  suite('the driver of Drizzle on MariaDB', durable, async (clock) => {
    const { options, drop } = await open();
    const pool = createPool(options);
    const db = drizzleMysql({ client: pool });
    await db.execute(drizzleSql`SELECT 1`);
    const storage = createMysqlStorage(db.$client, { clock, timeoutMs: 60_000 });
    const close = async (): Promise<void> => {
      await pool.end();
      await drop();
    };
    return { storage, driver: db, close };
  });
  suite('the driver of Kysely on MariaDB', durable, async (clock) => {
    const { options, drop } = await open();
    const pool = createCallbackPool(options);
    const db = new Kysely<object>({ dialect: new MysqlDialect({ pool }) });
    await kyselySql`SELECT 1`.execute(db);
    const storage = createMysqlStorage(pool, { clock, timeoutMs: 60_000 });
    const close = async (): Promise<void> => {
      await pool.promise().end();
      await drop();
    };
    return { storage, driver: db, close };
  });
}
