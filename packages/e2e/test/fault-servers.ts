import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Storage } from '@portcullis/core';
import { createMysqlStorage } from '@portcullis/storage-mysql';
import { createPostgresStorage } from '@portcullis/storage-postgres';
import { createRedisStorage } from '@portcullis/storage-redis';
import {
  type CrashableService,
  type TcpProxy,
  crashableMysql,
  crashablePostgres,
  crashableRedis,
  tcpProxy,
} from '@portcullis-internal/testkit';
import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import pg from 'pg';

/** Begins a fault, and gives what ends it. */
export type Fault = () => Promise<() => Promise<void>>;

/** A storage over a server of its own, with what may happen to it. */
export interface FaultyStorage {
  readonly storage: Storage;
  migrate(): Promise<void>;
  /** Takes every connection of the storage's pool; `undefined` for a client that has no pool. */
  readonly exhaust: Fault | undefined;
  close(): Promise<void>;
}

/** A server of one kind, with a proxy before it that the storage's client connects to. */
export interface FaultServer {
  readonly service: CrashableService;
  readonly proxy: TcpProxy;
  /** Opens a storage whose tables or keys begin with `name`. */
  open(name: string): Promise<FaultyStorage>;
  /** Lets it read and no longer write. */
  readonly readOnly: Fault;
  /** Fills its disk, which is small. */
  readonly fill: Fault;
  /** Has a replica take its place, for clients at the proxy. Ends nothing: it is the last thing to happen to this server. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

/** A kind of server. */
export interface FaultKind {
  readonly name: string;
  /** `small disk`: one that can be filled, and that keeps no log for replicas, which MariaDB would wait a minute to write on. */
  start(disk?: 'small disk'): Promise<FaultServer | undefined>;
}

const host = '127.0.0.1';
const timeoutMs = 800;

/** Writes a file until nothing more goes in, and takes it away again. */
function fillOf(service: CrashableService): Fault {
  return async () => {
    const ballast = join(service.folder, 'ballast');
    for (let size = 8 << 20; size >= 4096; ) {
      try {
        writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' });
      } catch {
        size >>= 1;
      }
    }
    return async () => {
      rmSync(ballast);
      await service.revive();
    };
  };
}

const again = async (check: () => Promise<boolean>): Promise<void> => {
  while (!(await check())) await new Promise<void>((resolve) => void setImmediate(resolve));
};

const postgreSql: FaultKind = {
  name: 'PostgreSQL',
  async start(disk) {
    const service = await crashablePostgres({ sync: true, disk: disk && 200 });
    if (service === undefined) return undefined;
    const proxy = await tcpProxy(service);
    const run = async (server: { readonly url: string }, ...statements: string[]) => {
      const client = new pg.Client(server.url);
      await client.connect();
      let rows: readonly Record<string, unknown>[] = [];
      for (const sql of statements) rows = (await client.query<Record<string, unknown>>(sql)).rows;
      await client.end();
      return rows;
    };
    let replica: CrashableService | undefined;
    return {
      service,
      proxy,
      async open(name) {
        const pool = new pg.Pool({ host, port: proxy.port, user: 'postgres', database: 'postgres', max: 4 });
        const storage = createPostgresStorage(pool, { prefix: `${name}_`, timeoutMs });
        return {
          storage,
          migrate: () => storage.migrate(),
          async exhaust() {
            const taken = await Promise.all(Array.from({ length: 4 }, () => pool.connect()));
            return async () => {
              for (const client of taken) client.release();
            };
          },
          async close() {
            storage.close();
            await pool.end();
          },
        };
      },
      async readOnly() {
        await run(service, 'ALTER SYSTEM SET default_transaction_read_only = on', 'SELECT pg_reload_conf()');
        return async () => {
          await run(
            service,
            'SET default_transaction_read_only = off',
            'ALTER SYSTEM RESET default_transaction_read_only',
            'SELECT pg_reload_conf()',
          );
        };
      },
      fill: fillOf(service),
      async failOver() {
        const follower = await crashablePostgres({ sync: true, replicaOf: service });
        if (follower === undefined) throw new Error('no pg_basebackup');
        replica = follower;
        // From here on a commit is acknowledged when the replica has it.
        await run(service, `ALTER SYSTEM SET synchronous_standby_names = '*'`, 'SELECT pg_reload_conf()');
        await again(async () => {
          const [row] = await run(service, 'SELECT sync_state FROM pg_stat_replication');
          return row?.['sync_state'] === 'sync';
        });
        await new Promise<void>((resolve) => void setTimeout(resolve, 300));
        await service.crash();
        await run(follower, 'SELECT pg_promote()');
        proxy.retarget(follower);
      },
      async stop() {
        await proxy.stop();
        await replica?.stop();
        await service.stop();
      },
    };
  },
};

const mariaDb: FaultKind = {
  name: 'MariaDB',
  async start(disk) {
    const service = await crashableMysql({ disk: disk && 420, replicated: disk === undefined });
    if (service === undefined) return undefined;
    const proxy = await tcpProxy(service);
    const run = async (port: number, ...statements: string[]) => {
      const admin = createPool({ host, port, user: 'root', connectionLimit: 1 });
      let rows: unknown;
      for (const sql of statements) [rows] = await admin.query(sql);
      await admin.end();
      return rows as readonly Record<string, unknown>[];
    };
    // root may write to a server that only reads.
    const users = [
      `CREATE USER app@'%'`,
      `GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON test.* TO app@'%'`,
    ];
    await run(service.port, ...users);
    let replica: CrashableService | undefined;
    return {
      service,
      proxy,
      async open(name) {
        const pool = createPool({ host, port: proxy.port, user: 'app', database: 'test', connectionLimit: 4 });
        const storage = createMysqlStorage(pool, { prefix: `${name}_`, timeoutMs });
        return {
          storage,
          migrate: () => storage.migrate(),
          async exhaust() {
            const taken = await Promise.all(Array.from({ length: 4 }, () => pool.getConnection()));
            return async () => {
              for (const connection of taken) connection.release();
            };
          },
          close: () => pool.end(),
        };
      },
      async readOnly() {
        await run(service.port, 'SET GLOBAL read_only = 1');
        return async () => void (await run(service.port, 'SET GLOBAL read_only = 0'));
      },
      fill: fillOf(service),
      async failOver() {
        const follower = await crashableMysql({ replicated: true });
        if (follower === undefined) throw new Error('no mariadbd');
        replica = follower;
        await run(
          follower.port,
          'SET GLOBAL rpl_semi_sync_slave_enabled = 1',
          `CHANGE MASTER TO MASTER_HOST = '${host}', MASTER_PORT = ${service.port}, MASTER_USER = 'root', MASTER_USE_GTID = slave_pos`,
          'START SLAVE',
        );
        // From here on a commit is acknowledged when the replica has it.
        await run(
          service.port,
          'SET GLOBAL rpl_semi_sync_master_timeout = 600000',
          `SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC'`,
          'SET GLOBAL rpl_semi_sync_master_enabled = 1',
        );
        await again(async () => {
          const [row] = await run(service.port, `SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'`);
          const [caught] = await run(follower.port, 'SHOW SLAVE STATUS');
          return row?.['Value'] === '1' && caught?.['Seconds_Behind_Master'] === 0;
        });
        await new Promise<void>((resolve) => void setTimeout(resolve, 300));
        await service.crash();
        await run(follower.port, 'STOP SLAVE IO_THREAD');
        await again(async () => {
          const [row] = await run(follower.port, 'SHOW SLAVE STATUS');
          if (row?.['Slave_SQL_Running'] !== 'Yes')
            throw new Error(`not replicated: ${String(row?.['Last_SQL_Error'])}`);
          return row['Exec_Master_Log_Pos'] === row['Read_Master_Log_Pos'];
        });
        await run(follower.port, 'STOP SLAVE');
        proxy.retarget(follower);
      },
      async stop() {
        await proxy.stop();
        await replica?.stop();
        await service.stop();
      },
    };
  },
};

const redisServer: FaultKind = {
  name: 'Redis',
  async start(disk) {
    const service = await crashableRedis({ sync: true, disk: disk && 48 });
    if (service === undefined) return undefined;
    const proxy = await tcpProxy(service);
    const run = async (port: number, ...commands: (readonly [string, ...string[]])[]): Promise<string> => {
      const admin = new Redis({ host, port });
      let answer: unknown;
      for (const [command, ...args] of commands) answer = await admin.call(command, ...args);
      admin.disconnect();
      return String(answer);
    };
    let replica: CrashableService | undefined;
    return {
      service,
      proxy,
      async open(name) {
        const client = new Redis({ host, port: proxy.port, retryStrategy: () => 20 });
        client.on('error', () => undefined);
        await client.ping();
        const storage = createRedisStorage(client, { prefix: `${name}:`, timeoutMs, durable: true });
        return {
          storage,
          migrate: () => storage.migrate(),
          exhaust: undefined,
          async close() {
            storage.close();
            client.disconnect();
          },
        };
      },
      async readOnly() {
        // A replica of a primary that is not there: it serves what it has.
        await run(service.port, ['REPLICAOF', host, '1']);
        return async () => void (await run(service.port, ['REPLICAOF', 'NO', 'ONE']));
      },
      fill: fillOf(service),
      async failOver() {
        const follower = await crashableRedis({ sync: true });
        if (follower === undefined) throw new Error('no redis-server');
        replica = follower;
        await run(follower.port, ['REPLICAOF', host, `${service.port}`]);
        await again(async () => (await run(follower.port, ['INFO', 'replication'])).includes('master_link_status:up'));
        // Planned: nothing is acknowledged from here on, so that what was is with the replica. A sudden one may lose the last writes.
        await run(service.port, ['CLIENT', 'PAUSE', '30000', 'WRITE']);
        const offset = (text: string, field: string) => new RegExp(`${field}:(\\d+)`).exec(text)?.[1];
        await again(async () => {
          const [from, to] = await Promise.all(
            [service, follower].map(({ port }) => run(port, ['INFO', 'replication'])),
          );
          return offset(from ?? '', 'master_repl_offset') === offset(to ?? '', 'slave_repl_offset');
        });
        await run(follower.port, ['REPLICAOF', 'NO', 'ONE']);
        proxy.retarget(follower);
        await service.crash();
      },
      async stop() {
        await proxy.stop();
        await replica?.stop();
        await service.stop();
      },
    };
  },
};

export const faultKinds: readonly FaultKind[] = [postgreSql, mariaDb, redisServer];
