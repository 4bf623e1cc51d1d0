import { randomBytes } from 'node:crypto';
import { type Service, postgres as postgresService } from '@portcullis-internal/testkit';
import pg from 'pg';
import postgresJs from 'postgres';
import type { PostgresClient } from '../../src/index.js';

/** A client that a test has made and ends. */
export interface OpenClient {
  readonly client: PostgresClient;
  readonly end: () => Promise<void>;
}

/** A kind of client. */
export interface ClientKind {
  readonly name: string;
  /** `synced` as a server is by default: what a sync to the disk adds has no part in what most tests prove. */
  readonly open: (url: string, options?: { readonly max?: number; readonly synced?: boolean }) => OpenClient;
}

/** A pool of pg. */
export function openPool(url: string, options: pg.PoolConfig = {}): pg.Pool {
  return new pg.Pool({ connectionString: url, options: '-c synchronous_commit=off', ...options });
}

/** The two drivers for a server. */
export const kinds: readonly ClientKind[] = [
  {
    name: 'pg',
    open(url, { max = 10, synced = false } = {}) {
      const pool = openPool(url, { max, ...(synced ? { options: '' } : {}) });
      return { client: pool, end: () => pool.end() };
    },
  },
  {
    name: 'postgres.js',
    open(url, { max = 10, synced = false } = {}) {
      const sql = postgresJs(url, {
        max,
        backoff: () => 0,
        onnotice: () => undefined,
        connection: { synchronous_commit: synced ? 'on' : 'off' },
        // Names of columns are the application's affair, and no concern of the storage.
        transform: postgresJs.camel,
      });
      return { client: sql, end: () => sql.end({ timeout: 0 }) };
    },
  },
];

/** A schema that no other test uses. */
export interface OwnSchema {
  readonly service: Service;
  readonly url: string;
  readonly schema: string;
  /** Runs SQL with the schema first in the search path. */
  readonly run: (sql: string, values?: unknown[]) => Promise<readonly Record<string, unknown>[]>;
  /** Drops the schema, and ends what was started for it. */
  readonly drop: () => Promise<void>;
}

/** A schema of the test's own on the server that is there; `undefined` where none is. */
export async function ownSchema(): Promise<OwnSchema | undefined> {
  const service = await postgresService();
  if (service === undefined) return undefined;
  const schema = `test_${randomBytes(6).toString('hex')}`;
  const pool = new pg.Pool({ connectionString: service.url, max: 2, options: `-c search_path=${schema}` });
  return {
    service,
    url: service.url,
    schema,
    run: async (sql, values) => (await pool.query<Record<string, unknown>>(sql, values)).rows,
    async drop() {
      await pool.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
      await pool.end();
      await service.stop();
    },
  };
}

/** The statements that make every table of records one of four partitions by the hash of its id. */
export function partitioned(statements: readonly string[], schema: string): readonly string[] {
  return statements.flatMap((sql) => {
    const [, table, parameters] = /^CREATE TABLE "[^"]+"\."([^"]+)" [\s\S]* WITH (\(.*\))$/.exec(sql) ?? [];
    if (table === undefined || table.endsWith('counters')) return [sql];
    const parts = Array.from(
      { length: 4 },
      (_, at) =>
        `CREATE TABLE "${schema}"."${table}_${at}" PARTITION OF "${schema}"."${table}" FOR VALUES WITH (MODULUS 4, REMAINDER ${at}) WITH ${parameters}`,
    );
    return [sql.replace(` WITH ${parameters}`, ' PARTITION BY HASH ("id")'), ...parts];
  });
}
