import {
  type StoredRecord,
  StorageUnavailableError,
  isPortcullisError,
  leaseCollection,
} from '@portcullis/core/storage';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import mysql from 'mysql2/promise';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type MysqlClient,
  type MysqlPool,
  type MysqlStatement,
  type MysqlStorageOptions,
  type MysqlValue,
  MysqlStorageError,
  createMysqlStorage,
  mysqlMigrations,
} from '../src/index.js';
import { kinds, ownDatabase } from './support/databases.js';
import { errorOf } from './support/errors.js';

interface Key extends StoredRecord {
  readonly owner: string;
  readonly tenant?: string;
  readonly data?: unknown;
}

const keys = { name: 'keys', indexes: ['owner'] as const };
const rule = { algorithm: 'fixed-window', limit: 3, windowMs: 1000 } as const;
const own = await ownDatabase();

describe.runIf(own !== undefined)('createMysqlStorage', { timeout: 30_000 }, () => {
  const { options: connect, run } = own ?? ({} as NonNullable<typeof own>);
  const pool = mysql.createPool(connect ?? {});
  let count = 0;
  const spied = (
    note: (statement: MysqlStatement, values: readonly MysqlValue[], answer: Promise<[unknown, unknown]>) => void,
  ): MysqlPool => ({
    execute(statement, values = []) {
      const answer: Promise<[unknown, unknown]> = pool.execute(statement, values);
      note(statement, values, answer);
      return answer;
    },
    query: (statement, values) => pool.query(statement, values),
    getConnection: () => pool.getConnection(),
  });
  const prefix = (): string => `p${(count += 1)}_`;
  const create = (options: MysqlStorageOptions = {}, client: MysqlClient = pool) =>
    createMysqlStorage(client, { prefix: prefix(), ...options });

  afterAll(async () => {
    await pool.end();
    await own?.drop();
  });

  it('refuses options out of range, naming each', async () => {
    for (const options of [{ prefix: 'A' }, { prefix: 'x"' }, { timeoutMs: 0 }, { timeoutMs: 1.5 }]) {
      const error = await errorOf(() => createMysqlStorage(pool, options));
      expect(isPortcullisError(error, 'invalid_option')).toBe(true);
      expect(String(error)).toContain(Object.keys(options)[0]);
    }
    for (const client of ['mysql://localhost/x', undefined, {}, { query: () => undefined }])
      expect(await errorOf(() => createMysqlStorage(client as MysqlClient))).toMatchObject({ code: 'invalid_option' });
    const storage = create();
    storage.collection<Key>(keys);
    expect(await errorOf(() => storage.collection<Key>({ name: 'keys', indexes: ['tenant'] }))).toMatchObject({
      code: 'invalid_option',
    });
  });

  it('says that it was not migrated, instead of "absent" or "down"', async () => {
    const storage = create();
    const items = storage.collection<Key>(keys);
    for (const call of [
      () => items.get('x'),
      () => items.create({ id: 'x', owner: 'o', createdAt: 1 }),
      () => storage.counters.consume('x', rule),
    ]) {
      const error = await errorOf(call);
      expect(error).toBeInstanceOf(MysqlStorageError);
      expect(error).toMatchObject({
        code: 'storage_not_migrated',
        message: expect.stringContaining('migrate()') as string,
      });
    }
  });

  it('prints the SQL that migrate applies, and finds no drift after either', async () => {
    const place = { prefix: 'printed_' };
    const [printed, applied] = [create(place), create({ prefix: 'applied_' })];
    for (const storage of [printed, applied]) storage.collection<Key>(keys);
    const statements = mysqlMigrations([leaseCollection, keys], place);
    expect(printed.migrations()).toEqual(statements);
    for (const sql of statements) await run(sql);
    expect(await printed.drift()).toEqual([]);
    expect((await applied.drift()).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'missing_table applied_counters',
      'missing_table applied_leases',
      'missing_table applied_keys',
    ]);
    await applied.migrate();
    await applied.migrate();
    expect(await applied.drift()).toEqual([]);
  });

  it('is migrated once by several processes that start together', async () => {
    const place = { prefix: prefix() };
    const storages = Array.from({ length: 4 }, () => create(place));
    for (const storage of storages) storage.collection<Key>(keys);
    await Promise.all(storages.map((storage) => storage.migrate()));
    expect(await storages[0]?.drift()).toEqual([]);
  });

  it('adds an index over records that are there, while another process writes, and over what that writes', async () => {
    const place = { prefix: prefix() };
    const before = create(place);
    const old = before.collection<Key>(keys);
    await before.migrate();
    await old.create({ id: 'a', owner: 'o', tenant: 't', createdAt: 1 });
    const after = [create(place), create(place)];
    const [items] = after.map((storage) => storage.collection<Key>({ name: 'keys', indexes: ['owner', 'tenant'] }));
    expect((await after[0]?.drift())?.map(({ kind, mend }) => [kind, mend[0]?.split(' ', 2).join(' ')])).toEqual([
      ['missing_column', 'ALTER TABLE'],
      ['missing_index', 'CREATE INDEX'],
    ]);
    await Promise.all([
      ...after.map((storage) => storage.migrate()),
      old.create({ id: 'b', owner: 'o', tenant: 't', createdAt: 2 }),
    ]);
    await old.create({ id: 'c', owner: 'o', tenant: 't', createdAt: 3 });
    const page = await items?.list({ index: 'tenant', value: 't', limit: 10 });
    expect(page?.items.map(({ record }) => record.id)).toEqual(['c', 'b', 'a']);
    expect(await before.drift()).toEqual([]);
  });

  it('finds and mends an index that is gone or other, and refuses to guess at columns', async () => {
    const storage = create({ prefix: 'drift_' });
    storage.collection<Key>(keys);
    await storage.migrate();
    await run('DROP INDEX drift_keys_sweep ON drift_keys');
    await run('DROP INDEX drift_keys_owner ON drift_keys');
    await run('CREATE INDEX drift_keys_owner ON drift_keys (ix_owner, id)');
    expect((await storage.drift()).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'missing_index drift_keys_sweep',
      'different_index drift_keys_owner',
    ]);
    await storage.migrate();
    expect(await storage.drift()).toEqual([]);
    await run('ALTER TABLE drift_keys DROP COLUMN touched_at');
    await run('ALTER TABLE drift_counters MODIFY COLUMN `key` VARCHAR(255) CHARACTER SET latin1 NOT NULL');
    await run('DROP INDEX drift_keys_owner ON drift_keys');
    await run('ALTER TABLE drift_keys DROP COLUMN ix_owner');
    await run(
      "ALTER TABLE drift_keys ADD COLUMN ix_owner VARBINARY(255) AS (json_unquote(json_extract(data, '$.other'))) VIRTUAL",
    );
    expect((await storage.drift()).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'different_column key',
      'missing_column touched_at',
      'different_column ix_owner',
      'missing_index drift_keys_owner',
    ]);
    expect(await errorOf(() => storage.migrate())).toMatchObject({ code: 'storage_drifted' });
  });

  it('keeps names apart that are too long for the server', async () => {
    const long = 'x'.repeat(39);
    const storage = create({ prefix: 'abcdefghijklmnopqrst_' });
    storage.collection<StoredRecord & Record<'ya' | 'yb', string>>({ name: `${long}1`, indexes: ['ya', 'yb'] });
    await storage.migrate();
    expect(await storage.drift()).toEqual([]);
  });

  it.each(kinds)('gives data back as it was, fields in their order ($name)', async ({ open, preparedStatements }) => {
    const opened = open(connect);
    const storage = create({ preparedStatements }, opened.client);
    const items = storage.collection<Key>(keys);
    await storage.migrate();
    const data = { z: 1, a: { y: [0.1, 5e-324, 1.7976931348623e-10, -9007199254740991], b: null }, 1: 'é😀"\\\n' };
    const record = { id: 'a', owner: 'o', createdAt: 1, touchedAt: 2, expiresAt: 9_007_199_254_740_000, data };
    const version = await items.create(record);
    expect(await items.get('a')).toEqual({ record, version });
    expect(JSON.stringify((await items.get('a'))?.record.data)).toBe(JSON.stringify(data));
    await opened.end();
  });

  it(`leaves nothing of a caller's values, or of the connection's, in an error ${requirement('D3')}`, async () => {
    const secret = 'hunter2 é';
    const faults = [
      Object.assign(new Error(`duplicate ${secret}`), { code: 'ER_DUP_ENTRY', sql: secret, sqlMessage: secret }),
      Object.assign(new Error(`connect postgres://u:${secret}@h`), { code: 'ECONNREFUSED' }),
      new Error(secret),
      secret,
      Object.assign(new Error(secret), { code: secret }),
    ];
    for (const fault of faults) {
      const fail = () => Promise.reject(fault as Error);
      const broken: MysqlPool = { query: fail, execute: fail, getConnection: fail };
      const storage = create({}, broken);
      const items = storage.collection<Key>(keys);
      for (const call of [
        () => items.get(secret),
        () => storage.migrate(),
        () => storage.counters.consume(secret, rule),
      ]) {
        const error = (await errorOf(call)) as Error;
        expect(error).toBeInstanceOf(StorageUnavailableError);
        const cause = error.cause as Error;
        const all = [error, cause].flatMap((each) => [
          each.message,
          each.stack,
          JSON.stringify(each),
          String(each.cause),
        ]);
        expect(all.join()).not.toContain('hunter2');
      }
    }
  });

  it('sends a statement again that a deadlock or another transaction undid, and no other, and not for ever', async () => {
    const answers = (code: string, times: number) => {
      let asked = 0;
      const execute = (): Promise<[unknown, unknown]> => {
        asked += 1;
        return asked <= times
          ? Promise.reject(Object.assign(new Error('x'), { code }))
          : Promise.resolve([{ affectedRows: 1, insertId: 0 }, undefined]);
      };
      const client: MysqlPool = { execute, query: execute, getConnection: () => Promise.reject(new Error('unused')) };
      return { client, asked: () => asked };
    };
    for (const code of ['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD']) {
      const { client, asked } = answers(code, 3);
      expect(await create({}, client).collection<Key>(keys).create({ id: 'a', owner: 'o', createdAt: 1 })).toBeTypeOf(
        'string',
      );
      expect(asked()).toBe(4);
    }
    for (const [code, times] of [
      ['ER_LOCK_DEADLOCK', 1000],
      ['ER_SERVER_SHUTDOWN', 1],
    ] as const) {
      const { client, asked } = answers(code, times);
      const error = await errorOf(() =>
        create({}, client).collection<Key>(keys).create({ id: 'a', owner: 'o', createdAt: 1 }),
      );
      expect(error).toBeInstanceOf(StorageUnavailableError);
      expect(asked()).toBe(times === 1 ? 1 : 20);
    }
  });

  it('forgets counters that hold nothing any more', async () => {
    const clock = fakeClock();
    const done: Promise<unknown>[] = [];
    const spy = spied((_statement, _values, answer) => done.push(answer));
    const storage = create({ clock, prefix: 'tidy_' }, spy);
    await storage.migrate();
    for (let key = 0; key < 63; key += 1) await storage.counters.consume(`key ${key}`, rule);
    clock.advance(2 * 3_600_000);
    await storage.counters.consume('last', { ...rule, algorithm: 'gcra' });
    await Promise.all(done);
    expect(await run('SELECT CONVERT(`key` USING utf8mb4) AS `key` FROM tidy_counters')).toEqual([{ key: 'last' }]);
  });

  it('finds every row of a request by an index, in one round trip but where two are said', async () => {
    const seen: { readonly sql: string; readonly values: readonly MysqlValue[] }[] = [];
    const spy = spied(({ sql }, values) => seen.push({ sql, values }));
    const storage = create({ prefix: 'plan_' }, spy);
    const items = storage.collection<Key>(keys);
    await storage.migrate();
    const digits = `(${Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(' UNION ALL ')})`;
    const numbers = `(SELECT a.d + b.d * 10 + c.d * 100 + e.d * 1000 AS n FROM ${digits} a, ${digits} b, ${digits} c, ${digits} e) AS n`;
    await run(`INSERT INTO plan_keys (id, version, created_at, expires_at, sweep_at, data)
      SELECT concat('id', n), 'v', n, IF(n % 100 = 0, n, null), IF(n % 100 = 0, n, null), concat('{"owner":"owner', n % 1000, '"}') FROM ${numbers}`);
    await run(`INSERT INTO plan_counters SELECT concat('key', n), 'gcra', 1000, 1, n, n FROM ${numbers}`);
    await run('ANALYZE TABLE plan_keys, plan_counters');
    const tripsOf = async (call: () => unknown): Promise<number> => {
      const before = seen.length;
      await call();
      return seen.length - before;
    };
    const record = { id: 'a', owner: 'owner5', createdAt: 1 };
    let version = '';
    const trips = [
      await tripsOf(async () => (version = (await items.create(record)) ?? '')),
      await tripsOf(() => items.get('a')),
      await tripsOf(async () => (version = (await items.update('a', version, record)) ?? '')),
      await tripsOf(() => items.touch([{ id: 'a', touchedAt: 1 }])),
      await tripsOf(() => items.list({ index: 'owner', value: 'owner5', limit: 10 })),
      await tripsOf(() => items.list({ index: 'owner', value: 'owner5', limit: 10, cursor: '9999.b' })),
      await tripsOf(() => items.delete('a', { version })),
      await tripsOf(() => items.create(record)),
      await tripsOf(() => items.take('a')),
      await tripsOf(() => items.delete('a')),
      await tripsOf(() => items.deleteWhere('owner', 'owner5')),
      await tripsOf(() => items.deleteExpired(5)),
      await tripsOf(() => storage.counters.consume('key5', rule)),
      await tripsOf(() => storage.counters.consume('new', rule)),
      await tripsOf(() => storage.counters.consume('key5', rule, { cost: 0 })),
      await tripsOf(() => storage.counters.reset('key5')),
    ];
    expect(trips).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 2, 2, 1, 1]);
    for (const { sql, values } of seen.filter((each) => !each.sql.startsWith('INSERT'))) {
      const plan = await run(`EXPLAIN ${sql}`, [...values]);
      const scans = plan.filter(
        ({ table, type, Extra }) =>
          (String(table) !== 't' && (type === 'ALL' || type === 'index')) || /filesort/.test(String(Extra)),
      );
      expect([sql, scans]).toEqual([sql, []]);
    }
  });

  it('says that a record is too large for the server, and not that this is down', async () => {
    const storage = create();
    const items = storage.collection<Key>(keys);
    await storage.migrate();
    const record = { id: 'a', owner: 'o', createdAt: 1, data: 'x'.repeat(14_900_000) };
    const version = (await items.create(record)) ?? '';
    for (const call of [
      () => items.create({ ...record, id: 'b', data: `${record.data}${'é'.repeat(50_000)}` }),
      () => items.update('a', version, { ...record, data: `${record.data}${'é'.repeat(50_000)}` }),
    ])
      expect(await errorOf(call)).toMatchObject({ code: 'invalid_record' });
    expect((await items.get('a'))?.version).toBe(version);
  });

  it('gives up waiting when the time or the signal says so, and goes on when it can', async () => {
    const storage = create({ prefix: 'slow_' });
    const items = storage.collection<Key>(keys);
    await storage.migrate();
    await items.create({ id: 'a', owner: 'o', createdAt: 1 });
    const blocker = await pool.getConnection();
    await blocker.query('LOCK TABLES slow_keys WRITE');
    const waited = await errorOf(() => items.get('a', { timeoutMs: 20 }));
    const controller = new AbortController();
    const given = errorOf(() => items.delete('a', { signal: controller.signal }));
    controller.abort();
    for (const error of [waited, await given]) expect(error).toBeInstanceOf(StorageUnavailableError);
    await blocker.query('UNLOCK TABLES');
    blocker.release();
    await items.take('a');
    expect(await items.create({ id: 'a', owner: 'o', createdAt: 2 })).toBeTypeOf('string');
  });
});
