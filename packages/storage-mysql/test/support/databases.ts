import { randomBytes } from 'node:crypto';
import { type Service, mysql as mysqlService } from '@portcullis-internal/testkit';
import callbackMysql from 'mysql2';
import mysql from 'mysql2/promise';
import type { MysqlClient } from '../../src/index.js';

/** A pool that a test has made and ends. */
export interface OpenPool {
  readonly client: MysqlClient;
  readonly end: () => Promise<void>;
}

/** A kind of pool. */
export interface PoolKind {
  readonly name: string;
  readonly preparedStatements: boolean;
  readonly open: (options: mysql.PoolOptions) => OpenPool;
}

const openPromise = (options: mysql.PoolOptions): OpenPool => {
  const pool = mysql.createPool(options);
  return { client: pool, end: () => pool.end() };
};

/** The ways to reach a server, with the flags that change what it answers. */
export const kinds: readonly PoolKind[] = [
  { name: 'mysql2/promise', preparedStatements: true, open: openPromise },
  {
    name: 'mysql2, callbacks, latin1, big numbers as strings, affected rows for found ones',
    preparedStatements: true,
    open(options) {
      const pool = callbackMysql.createPool({
        ...options,
        charset: 'LATIN1_SWEDISH_CI',
        flags: ['-FOUND_ROWS'],
        supportBigNumbers: true,
        bigNumberStrings: true,
        namedPlaceholders: true,
      });
      return { client: pool, end: () => pool.promise().end() };
    },
  },
  {
    name: 'mysql2/promise, without prepared statements',
    preparedStatements: false,
    open: openPromise,
  },
];

/** A database that no other test uses. */
export interface OwnDatabase {
  readonly service: Service;
  readonly database: string;
  /** How to connect to it. */
  readonly options: mysql.PoolOptions;
  readonly run: (sql: string, values?: unknown[]) => Promise<readonly Record<string, unknown>[]>;
  /** Drops it, and ends what was started for it. */
  readonly drop: () => Promise<void>;
}

/** A database of the test's own on the server that is there; `undefined` where none is. */
export async function ownDatabase(): Promise<OwnDatabase | undefined> {
  const service = await mysqlService();
  if (service === undefined) return undefined;
  const database = `test_${randomBytes(6).toString('hex')}`;
  const base = { host: service.host, port: service.port, user: 'root' };
  const first = await mysql.createConnection(base);
  // The server's own default for text is not what the storage's tables may depend on.
  await first.query(`CREATE DATABASE ${database} CHARACTER SET latin1`);
  await first.end();
  const options = { ...base, database };
  const pool = mysql.createPool({ ...options, connectionLimit: 2 });
  return {
    service,
    database,
    options,
    run: async (sql, values) => {
      const [rows] = await pool.query(sql, values);
      return rows as unknown as readonly Record<string, unknown>[];
    },
    async drop() {
      await pool.query(`DROP DATABASE ${database}`);
      await pool.end();
      await service.stop();
    },
  };
}
