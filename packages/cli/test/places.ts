import { randomBytes } from 'node:crypto';
import { mysql, postgres, redis } from '@portcullis-internal/testkit';
import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import pg from 'pg';

/** Where a test's records are: options of the command, and how to be rid of them. */
export interface Place {
  readonly name: string;
  readonly options: readonly string[];
  /** Takes the records away, and leaves the place. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

const unique = (): string => `cli_${randomBytes(6).toString('hex')}`;

export async function postgresPlace(): Promise<Place | undefined> {
  const service = await postgres();
  if (service === undefined) return undefined;
  const schema = unique();
  const pool = new pg.Pool({ connectionString: service.url, max: 1 });
  const drop = async (): Promise<void> => void (await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`));
  return {
    name: 'PostgreSQL',
    options: ['--storage', `${service.url}?options=-c%20synchronous_commit%3Doff`, '--schema', schema],
    empty: drop,
    async close() {
      await drop();
      await pool.end();
      await service.stop();
    },
  };
}

export async function mysqlPlace(): Promise<Place | undefined> {
  const service = await mysql();
  if (service === undefined) return undefined;
  const database = unique();
  const pool = createPool({ uri: service.url, connectionLimit: 1 });
  await pool.query(`CREATE DATABASE ${database}`);
  const url = new URL(service.url);
  url.pathname = `/${database}`;
  return {
    name: 'MariaDB',
    options: ['--storage', url.href],
    async empty() {
      await pool.query(`DROP DATABASE ${database}`);
      await pool.query(`CREATE DATABASE ${database}`);
    },
    async close() {
      await pool.query(`DROP DATABASE ${database}`);
      await pool.end();
      await service.stop();
    },
  };
}

export async function redisPlace(): Promise<Place | undefined> {
  const service = await redis();
  if (service === undefined) return undefined;
  const prefix = `${unique()}:`;
  const client = new Redis(service.url);
  const empty = async (): Promise<void> => {
    for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 }) as AsyncIterable<string[]>)
      if (keys.length > 0) await client.unlink(...keys);
  };
  return {
    name: 'Redis',
    options: ['--storage', service.url, '--prefix', prefix],
    empty,
    async close() {
      await empty();
      client.disconnect();
      await service.stop();
    },
  };
}

export function sqlitePlace(file: string): Place {
  return { name: 'SQLite', options: ['--storage', `sqlite:${file}`], empty: async () => {}, close: async () => {} };
}
