import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, createMemoryStorage, type Storage } from '@portcullis/core';
import { createMysqlStorage } from '@portcullis/storage-mysql';
import { createPostgresStorage } from '@portcullis/storage-postgres';
import { createRedisStorage } from '@portcullis/storage-redis';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import { mysql, postgres, redis } from '@portcullis-internal/testkit';
import Database from 'libsql';
import { createPool } from 'mysql2/promise';
import pg from 'pg';
import { createClient } from 'redis';

/** A storage for one test, empty, and how to be rid of it. */
export interface OpenStorage {
  readonly storage: Storage;
  /** The same records as another process sees them: over a connection of its own. */
  readonly another: Storage;
  /** Brings a database to what the features created so far need. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}

/** Every storage that a cross-package scenario runs on. `open` answers `undefined` where its server cannot be had. */
export interface StorageKind {
  readonly name: string;
  open(clock?: Clock): Promise<OpenStorage | undefined>;
}

const unique = (): string => `e2e_${randomBytes(6).toString('hex')}`;

const memory: StorageKind = {
  name: 'memory',
  async open(clock = Date.now) {
    const storage = createMemoryStorage({ clock });
    return { storage, another: storage, migrate: async () => {}, close: async () => {} };
  },
};

const sqlite: StorageKind = {
  name: 'SQLite',
  async open(clock = Date.now) {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-e2e-'));
    const databases = [new Database(join(folder, 'test.db')), new Database(join(folder, 'test.db'))] as const;
    const [storage, another] = databases.map((database) =>
      createSqliteStorage(database, { clock, durability: 'normal' }),
    ) as [ReturnType<typeof createSqliteStorage>, ReturnType<typeof createSqliteStorage>];
    return {
      storage,
      another,
      async migrate() {
        storage.migrate();
        another.migrate();
      },
      async close() {
        for (const database of databases) database.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};

const postgreSql: StorageKind = {
  name: 'PostgreSQL',
  async open(clock = Date.now) {
    const service = await postgres();
    if (service === undefined) return undefined;
    const schema = unique();
    // What a sync to the disk adds has no part in what these scenarios prove.
    const pools = [1, 2].map(
      () => new pg.Pool({ connectionString: service.url, max: 8, options: '-c synchronous_commit=off' }),
    );
    const [pool] = pools as [pg.Pool];
    await pool.query(`CREATE SCHEMA ${schema}`);
    const [storage, another] = pools.map((client) =>
      createPostgresStorage(client, { clock, schema, timeoutMs: 60_000 }),
    ) as [ReturnType<typeof createPostgresStorage>, ReturnType<typeof createPostgresStorage>];
    return {
      storage,
      another,
      async migrate() {
        await storage.migrate();
        await another.migrate();
      },
      async close() {
        storage.close?.();
        another.close?.();
        await pool.query(`DROP SCHEMA ${schema} CASCADE`);
        for (const each of pools) await each.end();
        await service.stop();
      },
    };
  },
};

const mariaDb: StorageKind = {
  name: 'MariaDB',
  async open(clock = Date.now) {
    const service = await mysql();
    if (service === undefined) return undefined;
    const database = unique();
    const admin = createPool({ uri: service.url, connectionLimit: 1 });
    await admin.query(`CREATE DATABASE ${database}`);
    const { host, port } = service;
    const user = decodeURIComponent(new URL(service.url).username);
    const pools = [1, 2].map(() => createPool({ host, port, user, database, connectionLimit: 8 }));
    const [storage, another] = pools.map((pool) => createMysqlStorage(pool, { clock, timeoutMs: 60_000 })) as [
      ReturnType<typeof createMysqlStorage>,
      ReturnType<typeof createMysqlStorage>,
    ];
    return {
      storage,
      another,
      async migrate() {
        await storage.migrate();
        await another.migrate();
      },
      async close() {
        for (const pool of pools) await pool.end();
        await admin.query(`DROP DATABASE ${database}`);
        await admin.end();
        await service.stop();
      },
    };
  },
};

const redisServer: StorageKind = {
  name: 'Redis',
  async open(clock = Date.now) {
    const service = await redis();
    if (service === undefined) return undefined;
    const prefix = `${unique()}:`;
    const clients = [1, 2].map(() => createClient({ url: service.url }));
    for (const client of clients) {
      client.on('error', () => {});
      await client.connect();
    }
    const [storage, another] = clients.map((client) =>
      createRedisStorage(client, { clock, prefix, timeoutMs: 60_000 }),
    ) as [ReturnType<typeof createRedisStorage>, ReturnType<typeof createRedisStorage>];
    return {
      storage,
      another,
      async migrate() {
        await storage.migrate();
        await another.migrate();
      },
      async close() {
        storage.close?.();
        another.close?.();
        const [client] = clients;
        for await (const keys of client?.scanIterator({ MATCH: `*${prefix}*`, COUNT: 1000 }) ?? []) {
          if (keys.length > 0) await client?.unlink(keys);
        }
        for (const each of clients) await each.close();
        await service.stop();
      },
    };
  },
};

export const storages: readonly StorageKind[] = [memory, sqlite, postgreSql, mariaDb, redisServer];

/** Much more of everything, for continuous integration: `FULL=1`. */
export const full: boolean = process.env['FULL'] === '1';
