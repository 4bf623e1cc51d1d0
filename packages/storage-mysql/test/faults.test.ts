import { type StoredRecord, StorageUnavailableError } from '@portcullis/core/storage';
import { crashableMysql, requirement, tcpProxy } from '@portcullis-internal/testkit';
import mysql from 'mysql2/promise';
import { afterAll, describe, expect, it } from 'vitest';
import { createMysqlStorage } from '../src/index.js';
import { ownDatabase } from './support/databases.js';
import { errorOf } from './support/errors.js';

interface Item extends StoredRecord {
  readonly owner: string;
}

const definition = { name: 'items', indexes: ['owner'] as const };
const rule = { algorithm: 'gcra', limit: 1000, windowMs: 3_600_000 } as const;
const item = (id: string): Item => ({ id, owner: 'o', createdAt: 1 });
const own = await ownDatabase();
const server = await crashableMysql();

describe.runIf(own !== undefined && server !== undefined)(
  'createMysqlStorage, when things break',
  { timeout: 30_000 },
  () => {
    const { options, run } = own ?? ({} as NonNullable<typeof own>);
    const prefix = 'faults_';

    afterAll(async () => {
      await own?.drop();
      await server?.stop();
    });

    it(`loses no acknowledged write when the server is killed under load, and goes on when it is back ${requirement('D3')}`, {
      timeout: 30_000,
    }, async () => {
      const opened = mysql.createPool({
        host: server?.host ?? '',
        port: server?.port ?? 0,
        user: 'root',
        database: 'test',
      });
      const storage = createMysqlStorage(opened, { prefix: 'killed_', timeoutMs: 3000 });
      const items = storage.collection<Item>(definition);
      await storage.migrate();
      const takeable = Array.from({ length: 300 }, (_, index) => `t${index}`);
      await Promise.all(takeable.map(async (id) => items.create(item(id))));
      const [created, taken, faults] = [new Set<string>(), new Set<string>(), [] as unknown[]];
      let spent = 0;
      let busy: () => void = () => undefined;
      const isBusy = new Promise<void>((resolve) => {
        busy = resolve;
      });
      const worker = async (name: number): Promise<void> => {
        for (let at = 0; ; at += 1) {
          const id = `c${name} ${at}`;
          if ((await items.create(item(id))) !== undefined) created.add(id);
          const own_ = takeable[name * 30 + at];
          if (own_ !== undefined && (await items.take(own_)) !== undefined) taken.add(own_);
          await storage.counters.consume('shared', rule);
          spent += 1;
          if (created.size > 60) busy();
        }
      };
      const workers = Array.from({ length: 8 }, (_, name) =>
        worker(name).catch((error: unknown) => void faults.push(error)),
      );
      await isBusy;
      await server?.crash();
      await Promise.all(workers);
      expect(faults).toHaveLength(8);
      for (const fault of faults) expect(fault).toBeInstanceOf(StorageUnavailableError);
      expect(await errorOf(() => items.get([...created][0] ?? ''))).toBeInstanceOf(StorageUnavailableError);
      await server?.restart();
      for (const id of created) expect((await items.get(id))?.record).toEqual(item(id));
      for (const id of taken) expect(await items.get(id)).toBeUndefined();
      const { remaining } = await storage.counters.consume('shared', rule, { cost: 0 });
      expect(remaining).toBeLessThanOrEqual(1000 - spent + 1);
      await opened.end();
    });

    it('throws storage_unavailable when the connection is reset before the answer is read: the write may be made', async () => {
      const proxy = await tcpProxy(own?.service ?? { host: '', port: 0 });
      const opened = mysql.createPool({ ...options, port: proxy.port, connectionLimit: 1 });
      const storage = createMysqlStorage(opened, { prefix, timeoutMs: 2000 });
      const items = storage.collection<Item>(definition);
      await storage.migrate();
      await items.create(item(`warm here`));
      const id = `reset here`;
      proxy.cutAtAnswer();
      expect(await errorOf(() => items.create(item(id)))).toBeInstanceOf(StorageUnavailableError);
      // Looked at from elsewhere: it depends on the driver how soon it is itself again.
      const pool = mysql.createPool(options);
      const witness = createMysqlStorage(pool, { prefix }).collection<Item>(definition);
      expect((await witness.get(id))?.record).toEqual(item(id));
      expect(await witness.create(item(id))).toBeUndefined();
      await Promise.all([pool.end(), opened.end(), proxy.stop()]);
    });

    it('gives its only connection back when callers have given up, whose answers come late', async () => {
      const proxy = await tcpProxy(own?.service ?? { host: '', port: 0 });
      const opened = mysql.createPool({ ...options, port: proxy.port, connectionLimit: 1 });
      const storage = createMysqlStorage(opened, { prefix });
      const items = storage.collection<Item>(definition);
      await storage.migrate();
      for (const id of ['late 1', 'late 2']) await items.create(item(id));
      proxy.pause();
      const given = [
        () => items.get('late 1', { timeoutMs: 30 }),
        () => items.create(item('late 3'), { timeoutMs: 30 }),
        () => items.get('late 1', { signal: AbortSignal.timeout(30) }),
      ];
      for (const error of await Promise.all(given.map((call) => errorOf(call))))
        expect(error).toBeInstanceOf(StorageUnavailableError);
      proxy.resume();
      // The answer to the last question, and not to one of those before it.
      expect((await items.get('late 2'))?.record.id).toBe('late 2');
      // A write that was given up is made or not; here the server got it late.
      expect((await items.get('late 3'))?.record.id).toBe('late 3');
      await Promise.all([opened.end(), proxy.stop()]);
    });

    it('throws storage_unavailable when every connection is taken, and goes on when one is free', async () => {
      const opened = mysql.createPool({ ...options, connectionLimit: 1 });
      const storage = createMysqlStorage(opened, { prefix, timeoutMs: 50 });
      const items = storage.collection<Item>(definition);
      const other = createMysqlStorage(opened, { prefix, timeoutMs: 5000 });
      await other.migrate();
      const blocker = mysql.createPool(options);
      const connection = await blocker.getConnection();
      await connection.query(`LOCK TABLES ${prefix}items WRITE`);
      // It takes the only connection and waits for the lock.
      const waiting = other.collection<Item>(definition).create(item(`free here`));
      expect(await errorOf(() => storage.counters.reset('x'))).toBeInstanceOf(StorageUnavailableError);
      await connection.query('UNLOCK TABLES');
      expect(await waiting).toBeTypeOf('string');
      expect((await items.get(`free here`))?.record.owner).toBe('o');
      connection.release();
      await blocker.end();
      await opened.end();
    });

    it(`throws storage_unavailable from a server that only reads, and never "not found" ${requirement('D3')}`, async () => {
      const pool = mysql.createPool(options);
      const primary = createMysqlStorage(pool, { prefix });
      await primary.migrate();
      await primary.collection<Item>(definition).create(item('there'));
      // A transaction that only reads refuses writes as a replica does.
      const replica = mysql.createPool(options);
      replica.on('connection', (connection) => void connection.query('SET SESSION TRANSACTION READ ONLY'));
      const storage = createMysqlStorage(replica, { prefix });
      const items = storage.collection<Item>(definition);
      const stored = await items.get('there');
      expect(stored?.record).toEqual(item('there'));
      for (const call of [
        () => items.create(item('new')),
        () => items.update('there', stored?.version ?? '', item('there')),
        () => items.touch([{ id: 'there', touchedAt: 2 }]),
        () => items.take('there'),
        () => items.delete('there'),
        () => items.deleteWhere('owner', 'o'),
        () => items.deleteExpired(1),
        () => storage.counters.consume('x', rule),
        () => storage.counters.reset('x'),
      ])
        expect(await errorOf(call)).toBeInstanceOf(StorageUnavailableError);
      await Promise.all([pool.end(), replica.end()]);
    });

    it('throws storage_unavailable for a user that may not enter, without its name, and after the pool was ended', async () => {
      const name = `stranger_${own?.database.slice(-8)}`;
      await run(`CREATE USER '${name}'@'%' IDENTIFIED BY 'right'`);
      const stranger = mysql.createPool({ ...options, user: name, password: 'hunter2' });
      const storage = createMysqlStorage(stranger, { prefix });
      const items = storage.collection<Item>(definition);
      for (const call of [() => items.get('x'), () => storage.migrate()]) {
        const error = (await errorOf(call)) as Error;
        expect(error).toBeInstanceOf(StorageUnavailableError);
        expect(`${String(error)} ${String(error.cause)}`).not.toMatch(/stranger|hunter2/);
      }
      await stranger.end();
      expect(await errorOf(() => items.get('x'))).toBeInstanceOf(StorageUnavailableError);
      await run(`DROP USER '${name}'@'%'`);
    });
  },
);
