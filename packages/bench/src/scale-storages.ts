import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Storage } from '@portcullis/core';
import { createMysqlStorage } from '@portcullis/storage-mysql';
import { createPostgresStorage } from '@portcullis/storage-postgres';
import { createRedisStorage } from '@portcullis/storage-redis';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import Database from 'libsql';
import { createPool, type RowDataPacket } from 'mysql2/promise';
import pg from 'pg';
import { createClient } from 'redis';

/** A storage of a real server, and what its driver does with nothing of ours in between. */
export interface ScaleStorage {
  readonly storage: Storage;
  migrate(): unknown;
  /** The driver's own point query and JSON.parse: what no storage can be faster than. */
  point(collection: string, id: string): unknown;
  /** Brings the database to what it would be after some time: its writes on the disk, its statistics taken. */
  settle(): Promise<void>;
  /** Bytes of each table and index, or of what Redis has in their place, as far as the database tells. */
  sizes(): Promise<Readonly<Record<string, number>>>;
  /** Bytes that everything takes now, on disk or in memory. */
  bytes(): Promise<number>;
  close(): Promise<void>;
}

/** Where a storage is: enough for a process of its own to open it. */
export interface ScalePlace {
  readonly kind: ScaleKind;
  readonly at: string;
}

/** How a place is opened. */
export interface OpenOptions {
  readonly clock: Clock;
  /** Syncs nothing to the disk: for filling it, which is not what is measured. */
  readonly filling: boolean;
}

export const scaleKinds = ['sqlite', 'postgres', 'mariadb', 'redis'] as const;
export type ScaleKind = (typeof scaleKinds)[number];

const prefix = 'scale_';
const host = '127.0.0.1';
const connections = 32;

function sqlite(file: string, { clock, filling }: OpenOptions): ScaleStorage {
  const database = new Database(file);
  const storage = createSqliteStorage(database, { clock, prefix, durability: 'normal' });
  if (filling) database.exec('PRAGMA synchronous = OFF');
  const statements = new Map<string, Database.Statement>();
  return {
    storage,
    migrate: () => storage.migrate(),
    point(collection, id) {
      let statement = statements.get(collection);
      if (statement === undefined) {
        statement = database.prepare(`SELECT data FROM "${prefix}${collection}" WHERE id = ?`);
        statements.set(collection, statement);
      }
      const [row] = statement.all(id) as { data: string }[];
      return JSON.parse(row?.data as string);
    },
    async settle() {
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    },
    async sizes() {
      const rows = database.prepare('SELECT name, sum(pgsize) AS n FROM dbstat GROUP BY name').all() as {
        name: string;
        n: number;
      }[];
      return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
    },
    async bytes() {
      const [pages] = database
        .prepare('SELECT page_count * page_size AS n FROM pragma_page_count(), pragma_page_size()')
        .all() as { n: number }[];
      return pages?.n ?? 0;
    },
    async close() {
      database.close();
    },
  };
}

function postgres(schema: string, { clock, filling }: OpenOptions): ScaleStorage {
  const options = `-c synchronous_commit=${filling ? 'off' : 'on'}`;
  const pool = new pg.Pool({ host, user: 'postgres', database: 'postgres', max: connections, options });
  const storage = createPostgresStorage(pool, { clock, schema, prefix, timeoutMs: 600_000 });
  return {
    storage,
    migrate: () => storage.migrate(),
    async point(collection, id) {
      const name = `point_${collection}`;
      const text = `SELECT "data"::text FROM "${schema}"."${prefix}${collection}" WHERE "id" = $1`;
      const { rows } = await pool.query<{ data: string }>({ name, text, values: [id] });
      return JSON.parse(rows[0]?.data as string) as unknown;
    },
    async settle() {
      await pool.query('CHECKPOINT');
      await pool.query(`ANALYZE "${schema}"."${prefix}sessions"`);
    },
    async sizes() {
      const text = `SELECT c.relname AS name, pg_relation_size(c.oid) AS n FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relkind IN ('r', 'i')`;
      const { rows } = await pool.query<{ name: string; n: string }>(text, [schema]);
      return Object.fromEntries(rows.map(({ name, n }) => [name, Number(n)]));
    },
    async bytes() {
      const text = `SELECT sum(pg_total_relation_size(c.oid)) AS n FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relkind = 'r'`;
      return Number((await pool.query<{ n: string }>(text, [schema])).rows[0]?.n ?? 0);
    },
    async close() {
      storage.close?.();
      await pool.end();
    },
  };
}

async function mariadb(database: string, { clock, filling }: OpenOptions): Promise<ScaleStorage> {
  const pool = createPool({ host, user: 'root', database, connectionLimit: connections });
  // Nothing smaller than the server has this switch.
  if (filling) await pool.query('SET GLOBAL innodb_flush_log_at_trx_commit = 0');
  const storage = createMysqlStorage(pool, { clock, prefix, timeoutMs: 600_000 });
  return {
    storage,
    migrate: () => storage.migrate(),
    async point(collection, id) {
      const [rows] = await pool.execute<(RowDataPacket & { data: string })[]>(
        `SELECT CAST(data AS CHAR) AS data FROM \`${prefix}${collection}\` WHERE id = ?`,
        [id],
      );
      return JSON.parse(rows[0]?.data as string) as unknown;
    },
    async settle() {
      // What was not synced while it was filled is, within a second.
      await pool.query('FLUSH TABLES');
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    },
    async sizes() {
      const [rows] = await pool.query<(RowDataPacket & { name: string; n: string })[]>(
        `SELECT concat(table_name, '.', index_name) AS name, stat_value * @@innodb_page_size AS n FROM mysql.innodb_index_stats
          WHERE database_name = ? AND stat_name = 'size'`,
        [database],
      );
      return Object.fromEntries(rows.map(({ name, n }) => [name, Number(n)]));
    },
    async bytes() {
      // Statistics of InnoDB are taken when asked for.
      const [tables] = await pool.query<(RowDataPacket & { t: string })[]>(
        'SELECT table_name AS t FROM information_schema.tables WHERE table_schema = ?',
        [database],
      );
      for (const { t } of tables) await pool.query(`ANALYZE TABLE \`${t}\``);
      const [rows] = await pool.query<(RowDataPacket & { n: string })[]>(
        'SELECT sum(data_length + index_length) AS n FROM information_schema.tables WHERE table_schema = ?',
        [database],
      );
      return Number(rows[0]?.n ?? 0);
    },
    async close() {
      if (filling) await pool.query('SET GLOBAL innodb_flush_log_at_trx_commit = 1');
      await pool.end();
    },
  };
}

async function redis(prefixOfRun: string, { clock }: OpenOptions): Promise<ScaleStorage> {
  const client = createClient({ url: `redis://${host}` });
  client.on('error', () => {});
  await client.connect();
  const storage = createRedisStorage(client, { clock, prefix: prefixOfRun, timeoutMs: 600_000 });
  const templates = new Map<string, string>();
  return {
    storage,
    migrate: () => storage.migrate(),
    point(collection, id) {
      const template = templates.get(collection);
      if (template !== undefined) return read(template.replace('*', id));
      return find(collection, id);
    },
    settle: async () => {},
    async sizes() {
      const sizes: Record<string, number> = {};
      for await (const keys of client.scanIterator({ MATCH: `${prefixOfRun}*`, COUNT: 1_000 })) {
        const bytes = await Promise.all(keys.map((key) => client.memoryUsage(key, { SAMPLES: 0 })));
        for (const [at, key] of keys.entries()) {
          // A collection's records, the sets of one index, the shards of its directory; a counter.
          const name = key.slice(prefixOfRun.length).split(':').slice(0, 2).join(':');
          const kind = name.startsWith('counters') ? 'counters' : name;
          sizes[kind] = (sizes[kind] ?? 0) + (bytes[at] ?? 0);
        }
      }
      return sizes;
    },
    async bytes() {
      const info = await client.info('memory');
      return Number(/used_memory:(\d+)/.exec(info)?.[1] ?? 0);
    },
    async close() {
      storage.close?.();
      await client.close();
    },
  };

  // The record's JSON stands behind a header of fixed width.
  async function read(key: string): Promise<unknown> {
    const text = (await client.get(key)) as string;
    return JSON.parse(text.slice(text.indexOf('{'))) as unknown;
  }

  // The layout's key is the adapter's own affair: it is found once, by the id it holds.
  async function find(collection: string, id: string): Promise<unknown> {
    for await (const keys of client.scanIterator({ MATCH: `${prefixOfRun}*${id}*`, COUNT: 10_000 })) {
      for (const key of keys) {
        if ((await client.type(key)) !== 'string') continue;
        templates.set(collection, key.replace(id, '*'));
        return read(key);
      }
    }
    throw new Error(`redis: no key of ${collection} holds the id`);
  }
}

/** Makes a place for one run, empty. */
export async function makePlace(kind: ScaleKind): Promise<{ readonly place: ScalePlace; remove(): Promise<void> }> {
  const name = `portcullis_scale_${process.pid}`;
  if (kind === 'sqlite') {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-scale-'));
    return {
      place: { kind, at: join(folder, 'scale.db') },
      remove: async () => rmSync(folder, { recursive: true, force: true }),
    };
  }
  if (kind === 'postgres') {
    const query = async (sql: string): Promise<void> => {
      const client = new pg.Client({ host, user: 'postgres', database: 'postgres' });
      await client.connect();
      await client.query(sql);
      await client.end();
    };
    await query(`CREATE SCHEMA ${name}`);
    return { place: { kind, at: name }, remove: () => query(`DROP SCHEMA ${name} CASCADE`) };
  }
  if (kind === 'mariadb') {
    const query = async (sql: string): Promise<void> => {
      const pool = createPool({ host, user: 'root', connectionLimit: 1 });
      await pool.query(sql);
      await pool.end();
    };
    await query(`CREATE DATABASE ${name}`);
    return { place: { kind, at: name }, remove: () => query(`DROP DATABASE ${name}`) };
  }
  const remove = async (): Promise<void> => {
    const client = createClient({ url: `redis://${host}` });
    await client.connect();
    for await (const keys of client.scanIterator({ MATCH: `*${name}:*`, COUNT: 10_000 }))
      if (keys.length > 0) await client.unlink(keys);
    await client.close();
  };
  return { place: { kind, at: `${name}:` }, remove };
}

export function openPlace({ kind, at }: ScalePlace, options: OpenOptions): ScaleStorage | Promise<ScaleStorage> {
  return { sqlite, postgres, mariadb, redis }[kind](at, options);
}
