import {
  type StoredRecord,
  StorageUnavailableError,
  isPortcullisError,
  leaseCollection,
} from '@portcullis/core/storage';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type PgPool,
  type PostgresClient,
  type PostgresStorageOptions,
  PostgresStorageError,
  createPostgresStorage,
  postgresMigrations,
} from '../src/index.js';
import { kinds, openPool, ownSchema } from './support/databases.js';
import { errorOf } from './support/errors.js';

interface Key extends StoredRecord {
  readonly owner: string;
  readonly tenant?: string;
  readonly data?: unknown;
}

const keys = { name: 'keys', indexes: ['owner'] as const };
const rule = { algorithm: 'fixed-window', limit: 3, windowMs: 1000 } as const;
const own = await ownSchema();

describe.runIf(own !== undefined)('createPostgresStorage', { timeout: 30_000 }, () => {
  const { url, schema, run } = own ?? ({} as NonNullable<typeof own>);
  const pool = openPool(url, { max: 4 });
  let count = 0;
  const prefix = (): string => `p${(count += 1)}_`;
  const create = (options: PostgresStorageOptions = {}, client: PostgresClient = pool) =>
    createPostgresStorage(client, { schema, prefix: prefix(), ...options });

  afterAll(async () => {
    await pool.end();
    await own?.drop();
  });

  it('refuses options out of range, naming each', async () => {
    for (const options of [
      { prefix: 'A' },
      { prefix: 'x"' },
      { prefix: 'pg_x' },
      { schema: 'x"; DROP' },
      { schema: 'pg_catalog' },
      { timeoutMs: 0 },
      { timeoutMs: 1.5 },
      { heartbeatMs: -1 },
    ]) {
      const error = await errorOf(() => createPostgresStorage(pool, options));
      expect(isPortcullisError(error, 'invalid_option')).toBe(true);
      expect(String(error)).toContain(Object.keys(options)[0]);
    }
    for (const client of [url, undefined, {}, { query: () => undefined }])
      expect(await errorOf(() => createPostgresStorage(client as PostgresClient))).toMatchObject({
        code: 'invalid_option',
      });
    const storage = create();
    storage.collection<Key>(keys);
    expect(await errorOf(() => storage.collection<Key>({ name: 'keys', indexes: ['tenant'] }))).toMatchObject({
      code: 'invalid_option',
    });
  });

  it('says that it was not migrated, instead of "absent" or "down"', async () => {
    for (const storage of [create(), create({ schema: `${schema}_absent` })]) {
      const items = storage.collection<Key>(keys);
      for (const call of [
        () => items.get('x'),
        () => items.create({ id: 'x', owner: 'o', createdAt: 1 }),
        () => storage.counters.consume('x', rule),
      ]) {
        const error = await errorOf(call);
        expect(error).toBeInstanceOf(PostgresStorageError);
        expect(error).toMatchObject({
          code: 'storage_not_migrated',
          message: expect.stringContaining('migrate()') as string,
        });
      }
    }
  });

  it('prints the SQL that migrate applies, and finds no drift after either', async () => {
    const place = { schema: `${schema}_printed`, prefix: 'auth_' };
    const [printed, applied] = [create(place), create({ ...place, schema: `${schema}_applied` })];
    for (const storage of [printed, applied]) storage.collection<Key>(keys);
    const statements = postgresMigrations([leaseCollection, keys], place);
    expect(printed.migrations()).toEqual(statements);
    for (const sql of statements) await run(sql);
    expect(await printed.drift()).toEqual([]);
    expect((await applied.drift()).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      `missing_schema ${schema}_applied`,
      'missing_table auth_counters',
      'missing_table auth_leases',
      'missing_table auth_keys',
    ]);
    await applied.migrate();
    await applied.migrate();
    expect(await applied.drift()).toEqual([]);
    for (const name of ['printed', 'applied']) await run(`DROP SCHEMA ${schema}_${name} CASCADE`);
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
    expect(
      (await after[0]?.drift())?.map(({ kind, mend }) => [kind, mend[0]?.startsWith('CREATE INDEX CONCURRENTLY')]),
    ).toEqual([['missing_index', true]]);
    // Two at once would wait for each other for ever if they did not take turns.
    await Promise.all([
      ...after.map((storage) => storage.migrate()),
      old.create({ id: 'b', owner: 'o', tenant: 't', createdAt: 2 }),
    ]);
    await old.create({ id: 'c', owner: 'o', tenant: 't', createdAt: 3 });
    const page = await items?.list({ index: 'tenant', value: 't', limit: 10 });
    expect(page?.items.map(({ record }) => record.id)).toEqual(['c', 'b', 'a']);
    expect(await before.drift()).toEqual([]);
  });

  it('finds and mends an index that is gone, other or half built, and refuses to guess at columns', async () => {
    const storage = create({ prefix: 'drift_' });
    storage.collection<Key>(keys);
    await storage.migrate();
    await run('DROP INDEX drift_keys_sweep');
    await run('DROP INDEX drift_keys_owner');
    await run("CREATE INDEX drift_keys_owner ON drift_keys ((data ->> 'owner'), created_at, id)");
    await run(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'drift_counters_sweep'::regclass`);
    expect((await storage.drift()).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'different_index drift_counters_sweep',
      'missing_index drift_keys_sweep',
      // It lacks COLLATE "C".
      ...((await run('SHOW lc_collate'))[0]?.['lc_collate'] === 'C' ? [] : ['different_index drift_keys_owner']),
    ]);
    await storage.migrate();
    expect(await storage.drift()).toEqual([]);
    await run('ALTER TABLE drift_keys DROP COLUMN touched_at');
    await run('ALTER TABLE drift_counters ALTER COLUMN used TYPE text');
    expect((await storage.drift()).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'different_column used',
      'missing_column touched_at',
    ]);
    expect(await errorOf(() => storage.migrate())).toMatchObject({ code: 'storage_drifted' });
  });

  it('keeps names apart that PostgreSQL would cut to one', async () => {
    const long = 'x'.repeat(39);
    const storage = create({ prefix: 'abcdefghijklmnopqrst_' });
    storage.collection<StoredRecord & Record<'ya' | 'yb', string>>({ name: `${long}1`, indexes: ['ya', 'yb'] });
    await storage.migrate();
    expect(await storage.drift()).toEqual([]);
  });

  it.each(kinds)(
    'gives data back as it was, fields in their order, whatever $name is set to make of rows',
    async ({ open }) => {
      const opened = open(url);
      const storage = create({}, opened.client);
      const items = storage.collection<Key>(keys);
      await storage.migrate();
      const data = { z: 1, a: { y: [0.1, 5e-324, 1.7976931348623e-10, -9007199254740991], b: null }, 1: 'é😀"\\\n' };
      const record = { id: 'a', owner: 'o', createdAt: 1, touchedAt: 2, expiresAt: 9_007_199_254_740_000, data };
      const version = await items.create(record);
      expect(await items.get('a')).toEqual({ record, version });
      expect(JSON.stringify((await items.get('a'))?.record.data)).toBe(JSON.stringify(data));
      await opened.end();
    },
  );

  it('reads whole numbers and text, however the application has set the parsers of pg', async () => {
    const parsers = new Map([20, 25, 114, 1043].map((oid) => [oid, pg.types.getTypeParser(oid)]));
    const storage = create();
    const items = storage.collection<Key>(keys);
    await storage.migrate();
    const record = { id: 'a', owner: 'o', createdAt: 1, expiresAt: 9_007_199_254_740_000 };
    const version = await items.create(record, {});
    try {
      for (const parse of [BigInt, Number, String]) {
        pg.types.setTypeParser(20, (value) => parse(value));
        expect(await items.get('a')).toEqual({ record, version });
        await storage.counters.reset('x');
        expect(await storage.counters.consume('x', rule)).toMatchObject({ allowed: true, remaining: 2 });
      }
    } finally {
      for (const [oid, parser] of parsers) pg.types.setTypeParser(oid, parser as (value: string) => unknown);
    }
  });

  it(`leaves nothing of a caller's values, or of the connection's, in an error ${requirement('D3')}`, async () => {
    const secret = 'hunter2 é';
    const faults = [
      Object.assign(new Error(`duplicate ${secret}`), { code: '23505', detail: `Key (id)=(${secret})`, where: secret }),
      Object.assign(new Error(`connect postgres://u:${secret}@h`), { code: 'ECONNREFUSED' }),
      new Error(secret),
      secret,
      Object.assign(new Error(secret), { code: secret }),
    ];
    for (const fault of faults) {
      const broken: PgPool = {
        query: () => Promise.reject(fault as Error),
        connect: () => Promise.reject(fault as Error),
        on: () => undefined,
      };
      const storage = create({}, broken);
      const items = storage.collection<Key>(keys);
      for (const call of [() => items.get(secret), () => storage.migrate(), () => storage.bus?.publish('x', secret)]) {
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
      const client: PgPool = {
        query: () => {
          asked += 1;
          return asked <= times
            ? Promise.reject(Object.assign(new Error('x'), { code }))
            : Promise.resolve({ rows: [], rowCount: 1 });
        },
        connect: () => Promise.reject(new Error('unused')),
        on: () => undefined,
      };
      return { client, asked: () => asked };
    };
    for (const code of ['40001', '40P01']) {
      const { client, asked } = answers(code, 3);
      expect(await create({}, client).collection<Key>(keys).create({ id: 'a', owner: 'o', createdAt: 1 })).toBeTypeOf(
        'string',
      );
      expect(asked()).toBe(4);
    }
    for (const [code, times] of [
      ['40P01', 1000],
      ['57P01', 1],
    ] as const) {
      const { client, asked } = answers(code, times);
      const error = await errorOf(() =>
        create({}, client).collection<Key>(keys).create({ id: 'a', owner: 'o', createdAt: 1 }),
      );
      expect(error).toBeInstanceOf(StorageUnavailableError);
      expect(asked()).toBe(times === 1 ? 1 : 10);
    }
  });

  it('names its statements by their text, and prepares none where it is told to', async () => {
    const seen: { readonly name?: string; readonly text: string }[] = [];
    const spy: PgPool = {
      query: (statement) => {
        seen.push(statement);
        return pool.query(statement);
      },
      connect: () => pool.connect(),
      on: () => undefined,
    };
    const place = { prefix: prefix() };
    const [named, unnamed] = [create(place, spy), create({ ...place, preparedStatements: false }, spy)];
    await named.migrate();
    expect([named.capabilities.bus, unnamed.capabilities.bus, unnamed.bus]).toEqual([true, false, undefined]);
    for (const storage of [named, unnamed]) {
      await errorOf(() => storage.collection<Key>(keys).get('a'));
      await storage.counters.consume('x', rule);
    }
    expect(new Set(seen.map(({ name }) => name)).size).toBe(3);
    for (const { name } of seen) if (name !== undefined) expect(Buffer.byteLength(name)).toBeLessThan(64);
    // As a pooler in transaction mode answers when it has given the statement to another connection.
    const pooled = create(place, {
      ...spy,
      query: () => Promise.reject(Object.assign(new Error('x'), { code: '26000' })),
    });
    const error = await errorOf(() => pooled.counters.reset('x'));
    expect(error).toBeInstanceOf(StorageUnavailableError);
    expect(String(error)).toContain('preparedStatements');
  });

  it('forgets counters that hold nothing any more', async () => {
    const clock = fakeClock();
    const done: Promise<unknown>[] = [];
    const spy: PgPool = {
      query(statement) {
        const answer = pool.query(statement);
        done.push(answer);
        return answer;
      },
      connect: () => pool.connect(),
      on: () => undefined,
    };
    const storage = create({ clock, prefix: 'tidy_' }, spy);
    await storage.migrate();
    for (let key = 0; key < 63; key += 1) await storage.counters.consume(`key ${key}`, rule);
    clock.advance(2 * 3_600_000);
    await storage.counters.consume('last', { ...rule, algorithm: 'gcra' });
    await Promise.all(done);
    expect(await run('SELECT "key" FROM tidy_counters')).toEqual([{ key: 'last' }]);
  });

  it('makes one round trip a call, and finds every row of a request by an index', async () => {
    const seen: { readonly text: string; readonly values?: unknown[] }[] = [];
    const spy: PgPool = {
      query(statement) {
        seen.push(statement);
        return pool.query(statement);
      },
      connect: () => pool.connect(),
      on: () => undefined,
    };
    const storage = create({ prefix: 'plan_' }, spy);
    const items = storage.collection<Key>(keys);
    await storage.migrate();
    await run(`INSERT INTO plan_keys SELECT 'id' || n, 'v', n, null, CASE WHEN n % 100 = 0 THEN n END, CASE WHEN n % 100 = 0 THEN n END,
      json_build_object('owner', 'owner' || n % 1000) FROM generate_series(1, 100000) AS n`);
    await run(
      `INSERT INTO plan_counters SELECT 'key' || n, 'gcra', 1000, 1, n, true, n FROM generate_series(1, 100000) AS n`,
    );
    await run('ANALYZE plan_keys, plan_counters');
    const version = (await items.create({ id: 'a', owner: 'owner5', createdAt: 1 })) ?? '';
    await items.get('a');
    await items.update('a', version, { id: 'a', owner: 'owner5', createdAt: 1 });
    await items.touch([{ id: 'a', touchedAt: 1 }]);
    await items.list({ index: 'owner', value: 'owner5', limit: 10 });
    await items.list({ index: 'owner', value: 'owner5', limit: 10, cursor: '1.b' });
    await items.delete('a', { version });
    await items.take('a');
    await items.delete('a');
    await items.deleteWhere('owner', 'owner5');
    await items.deleteExpired(5);
    await storage.counters.consume('key5', rule);
    await storage.counters.consume('key5', { ...rule, algorithm: 'gcra' });
    await storage.counters.consume('key5', rule, { cost: 0 });
    await storage.counters.reset('key5');
    expect(seen).toHaveLength(15);
    const client = await pool.connect();
    for (const [at, { text, values = [] }] of seen.entries()) {
      // Planned for any values, as a statement that was prepared once comes to be.
      await client.query('SET plan_cache_mode = force_generic_plan');
      await client.query(`PREPARE plan${at} AS ${text}`);
      const literals = values.map((value) => (value === null ? 'NULL' : `'${value as string | number}'`)).join(', ');
      const plan = await client.query<{ readonly 'QUERY PLAN': string }>(`EXPLAIN EXECUTE plan${at} (${literals})`);
      const steps = plan.rows.map((row) => row['QUERY PLAN']);
      expect([text, steps.filter((step) => /Seq Scan|Sort/.test(step))]).toEqual([text, []]);
    }
    client.release(true);
  });

  it('gives up waiting when the time or the signal says so, and goes on when it can', async () => {
    const storage = create({ prefix: 'slow_' });
    const items = storage.collection<Key>(keys);
    await storage.migrate();
    await items.create({ id: 'a', owner: 'o', createdAt: 1 });
    const blocker = await pool.connect();
    await blocker.query(`BEGIN; LOCK TABLE "${schema}".slow_keys IN ACCESS EXCLUSIVE MODE`);
    const waited = await errorOf(() => items.get('a', { timeoutMs: 20 }));
    const controller = new AbortController();
    const given = errorOf(() => items.delete('a', { signal: controller.signal }));
    controller.abort();
    for (const error of [waited, await given]) expect(error).toBeInstanceOf(StorageUnavailableError);
    await blocker.query('ROLLBACK');
    blocker.release();
    await items.take('a');
    expect(await items.create({ id: 'a', owner: 'o', createdAt: 2 })).toBeTypeOf('string');
  });
});
