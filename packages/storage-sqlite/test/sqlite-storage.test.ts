import {
  type StoredRecord,
  StorageUnavailableError,
  isPortcullisError,
  leaseCollection,
} from '@portcullis/core/storage';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  type SqliteDatabase,
  type SqliteValue,
  SqliteStorageError,
  createSqliteStorage,
  sqliteMigrations,
} from '../src/index.js';
import { type OpenDatabase, type TestDatabase, drivers, temporaryFolder } from './support/databases.js';

interface Key extends StoredRecord {
  readonly owner: string;
  readonly tenant?: string;
}

const keys = { name: 'keys', indexes: ['owner'] as const };
const rule = { algorithm: 'fixed-window', limit: 3, windowMs: 1000 } as const;

const errorOf = (work: () => unknown): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
};
const codeOf = (work: () => unknown): unknown => (errorOf(work) as { readonly code?: unknown } | undefined)?.code;

describe.each(drivers)('createSqliteStorage ($name)', ({ open }) => {
  const folder = temporaryFolder();
  const opened: OpenDatabase[] = [];
  let count = 0;
  const database = (file = folder.file(`${(count += 1)}.db`)): OpenDatabase => {
    const created = open(file);
    opened.push(created);
    return created;
  };
  const pragma = (db: TestDatabase, name: string): unknown =>
    Object.values(db.prepare(`PRAGMA ${name}`).get() as object)[0];

  afterEach(() => {
    for (const db of opened.splice(0)) db.close();
  });
  afterAll(() => folder.remove());

  it('sets WAL, a busy timeout and full sync, and says that it is durable and shared', () => {
    const db = database();
    const storage = createSqliteStorage(db, { busyTimeoutMs: 1234 });
    expect([pragma(db, 'journal_mode'), pragma(db, 'busy_timeout'), pragma(db, 'synchronous')]).toEqual([
      'wal',
      1234,
      2,
    ]);
    expect(storage.capabilities).toEqual({ shared: true, durable: true, bus: false });
    expect(createSqliteStorage(database(), { durability: 'normal' }).capabilities.durable).toBe(false);
    expect(createSqliteStorage(database(':memory:')).capabilities).toEqual({
      shared: false,
      durable: false,
      bus: false,
    });
  });

  it('refuses options out of range, naming each', () => {
    const db = database();
    for (const options of [
      { prefix: 'A' },
      { prefix: 'x"' },
      { prefix: 'sqlite_x' },
      { busyTimeoutMs: -1 },
      { busyTimeoutMs: 1.5 },
      { durability: 'none' as 'full' },
    ]) {
      const error = errorOf(() => createSqliteStorage(db, options));
      expect(isPortcullisError(error, 'invalid_option')).toBe(true);
      expect(String(error)).toContain(Object.keys(options)[0]);
    }
    expect(codeOf(() => createSqliteStorage('file.db' as unknown as SqliteDatabase))).toBe('invalid_option');
    const storage = createSqliteStorage(db);
    storage.collection<Key>(keys);
    expect(codeOf(() => storage.collection<Key>({ name: 'keys', indexes: ['tenant'] }))).toBe('invalid_option');
  });

  it('says that it was not migrated, instead of "absent" or "down"', () => {
    const storage = createSqliteStorage(database());
    const items = storage.collection<Key>(keys);
    for (const call of [
      () => items.get('x'),
      () => items.create({ id: 'x', owner: 'o', createdAt: 1 }),
      () => storage.counters.consume('x', rule),
    ]) {
      const error = errorOf(call);
      expect(error).toBeInstanceOf(SqliteStorageError);
      expect(error).toMatchObject({
        code: 'storage_not_migrated',
        message: expect.stringContaining('migrate()') as string,
      });
    }
    storage.migrate();
    expect(items.get('x')).toBeUndefined();
  });

  it('prints the SQL that migrate applies, and finds no drift after either', () => {
    const printed = database();
    for (const sql of sqliteMigrations([keys, leaseCollection], { prefix: 'auth_' })) printed.prepare(sql).run();
    const applied = createSqliteStorage(database(), { prefix: 'auth_' });
    const overPrinted = createSqliteStorage(printed, { prefix: 'auth_' });
    for (const storage of [applied, overPrinted]) storage.collection<Key>(keys);
    expect(overPrinted.drift()).toEqual([]);
    expect(new Set(applied.migrations())).toEqual(
      new Set(sqliteMigrations([keys, leaseCollection], { prefix: 'auth_' })),
    );
    expect(applied.drift().map(({ kind, table }) => [kind, table])).toEqual(
      ['auth_counters', 'auth_leases', 'auth_keys'].map((table) => ['missing_table', table]),
    );
    applied.migrate();
    applied.migrate();
    expect(applied.drift()).toEqual([]);
  });

  it('adds an index over records that are there, and over those that a process without it writes', async () => {
    const file = folder.file('rolling.db');
    const before = createSqliteStorage(database(file));
    const old = before.collection<Key>(keys);
    before.migrate();
    await old.create({ id: 'a', owner: 'o', tenant: 't', createdAt: 1 });

    const after = createSqliteStorage(database(file));
    const items = after.collection<Key>({ name: 'keys', indexes: ['owner', 'tenant'] });
    expect(after.drift().map(({ kind, name }) => [kind, name])).toEqual([
      ['missing_column', 'ix_tenant'],
      ['missing_index', 'portcullis_keys_tenant'],
    ]);
    after.migrate();
    await old.create({ id: 'b', owner: 'o', tenant: 't', createdAt: 2 });
    const page = await items.list({ index: 'tenant', value: 't', limit: 10 });
    expect(page.items.map(({ record }) => record.id)).toEqual(['b', 'a']);
    expect(before.drift()).toEqual([]);
  });

  it('finds and mends an index that is gone or other, and refuses to guess at columns', () => {
    const db = database();
    const storage = createSqliteStorage(db);
    storage.collection<Key>(keys);
    storage.migrate();
    db.prepare('DROP INDEX portcullis_keys_sweep').run();
    db.prepare('DROP INDEX portcullis_keys_owner').run();
    db.prepare('CREATE INDEX portcullis_keys_owner ON portcullis_keys (version)').run();
    expect(storage.drift().map(({ kind, name }) => [kind, name])).toEqual([
      ['missing_index', 'portcullis_keys_sweep'],
      ['different_index', 'portcullis_keys_owner'],
    ]);
    storage.migrate();
    expect(storage.drift()).toEqual([]);

    db.prepare('ALTER TABLE portcullis_keys DROP COLUMN touched_at').run();
    db.prepare('DROP TABLE portcullis_counters').run();
    db.prepare(
      'CREATE TABLE portcullis_counters (key BLOB, algorithm TEXT, window_ms INTEGER, used INTEGER, at INTEGER, sweep_at INTEGER)',
    ).run();
    const kinds = storage.drift().map(({ kind, table, name }) => `${kind} ${table}.${name}`);
    expect(kinds).toContain('missing_column portcullis_keys.touched_at');
    expect(kinds).toContain('different_column portcullis_counters.key');
    expect(codeOf(() => storage.migrate())).toBe('storage_drifted');
    // Nothing was done by halves, and no transaction was left open.
    expect(storage.drift().map(({ kind, table, name }) => `${kind} ${table}.${name}`)).toEqual(kinds);
    db.prepare('BEGIN').run();
    db.prepare('COMMIT').run();
  });

  it(`throws storage_unavailable when another process holds the database past the timeout, or it was closed ${requirement('D3')}`, async () => {
    const file = folder.file('busy.db');
    const other = database(file);
    const db = database(file);
    const storage = createSqliteStorage(db, { busyTimeoutMs: 0 });
    const items = storage.collection<Key>(keys);
    storage.migrate();
    await items.create({ id: 'a', owner: 'o', createdAt: 1 });
    other.prepare('BEGIN IMMEDIATE').run();
    for (const call of [
      () => items.take('a'),
      () => items.delete('a'),
      () => items.deleteWhere('owner', 'o'),
      () => items.create({ id: 'b', owner: 'o', createdAt: 1 }),
      () => storage.counters.consume('x', rule),
      () => storage.migrate(),
    ]) {
      expect(errorOf(call)).toBeInstanceOf(StorageUnavailableError);
    }
    expect((await items.get('a'))?.record.id).toBe('a');
    other.prepare('ROLLBACK').run();
    expect(await items.delete('a')).toBe(true);
    await items.create({ id: 'c', owner: 'o', createdAt: 1 });
    opened.splice(opened.indexOf(db), 1);
    db.close();
    // libsql lets a statement that is in use outlive its database. Answering is fine; "absent" would not be.
    let found: unknown;
    const error = errorOf(() => (found = items.get('c')));
    expect(error ?? found).toSatisfy(
      (value: unknown) => value instanceof StorageUnavailableError || (value === found && found !== undefined),
    );
  });

  it(`throws storage_unavailable for a row that somebody else made unreadable, not "absent" ${requirement('D3')}`, async () => {
    const db = database();
    const storage = createSqliteStorage(db);
    const items = storage.collection<Key>({ name: 'keys' });
    storage.migrate();
    await items.create({ id: 'a', owner: 'o', createdAt: 1 });
    db.prepare(`UPDATE portcullis_keys SET data = '{broken'`).run();
    const error = errorOf(() => items.get('a'));
    expect(error).toBeInstanceOf(StorageUnavailableError);
    expect(JSON.stringify(error)).not.toContain('broken');
  });

  it('keeps records through a reopening, expiry and versions with them', async () => {
    const clock = fakeClock();
    const file = folder.file('reopened.db');
    const first = database(file);
    const storage = createSqliteStorage(first, { clock });
    const items = storage.collection<Key>(keys);
    storage.migrate();
    const record = { id: 'é😀', owner: 'o', createdAt: clock(), expiresAt: clock() + 1000 };
    const version = await items.create(record);
    opened.splice(opened.indexOf(first), 1);
    first.close();
    const again = createSqliteStorage(database(file), { clock }).collection<Key>(keys);
    expect(await again.get(record.id)).toEqual({ record, version });
    clock.advance(1000);
    expect(await again.get(record.id)).toBeUndefined();
  });

  it('works inside a transaction of the application, and is undone with it', async () => {
    const db = database();
    const storage = createSqliteStorage(db);
    const items = storage.collection<Key>(keys);
    storage.migrate();
    db.prepare('BEGIN').run();
    await items.create({ id: 'a', owner: 'o', createdAt: 1 });
    await items.touch([{ id: 'a', touchedAt: 5 }]);
    await storage.counters.consume('x', rule, { cost: 3 });
    db.prepare('ROLLBACK').run();
    expect(await items.get('a')).toBeUndefined();
    expect((await storage.counters.consume('x', rule, { cost: 0 })).remaining).toBe(3);
  });

  it('reads whole numbers from a driver that gives them as bigint, and no row from one that gives null', async () => {
    const db = database();
    const big = (row: unknown): unknown =>
      typeof row === 'object' && row !== null
        ? Object.fromEntries(
            Object.entries(row).map(([name, value]) => [
              name,
              Number.isSafeInteger(value) ? BigInt(value as number) : (value as unknown),
            ]),
          )
        : null;
    const wrapped: TestDatabase = {
      prepare(sql) {
        const statement = db.prepare(sql);
        return {
          get: (...values: SqliteValue[]) => big(statement.get(...values)),
          all: (...values: SqliteValue[]) => statement.all(...values).map(big),
          run: (...values: SqliteValue[]) => big(statement.run(...values)),
        };
      },
    };
    const storage = createSqliteStorage(wrapped, { clock: () => 1000 });
    const items = storage.collection<Key>(keys);
    storage.migrate();
    expect(storage.drift()).toEqual([]);
    expect(await items.get('a')).toBeUndefined();
    const record = { id: 'a', owner: 'o', createdAt: 1, expiresAt: 8_000_000_000_000_000, touchedAt: 2 };
    const version = await items.create(record);
    expect(await items.get('a')).toEqual({ record, version });
    expect(await storage.counters.consume('x', rule)).toMatchObject({ remaining: 2, resetAt: 2000 });
    expect(await storage.counters.consume('x', rule)).toMatchObject({ remaining: 1, resetAt: 2000 });
  });

  it('uses its indexes: no call of a request looks through the table', async () => {
    const db = database();
    const statements = new Map<string, number>();
    const spy: TestDatabase = {
      prepare(sql) {
        const statement = db.prepare(sql);
        const note = (values: SqliteValue[]): SqliteValue[] => {
          statements.set(sql, values.length);
          return values;
        };
        return {
          get: (...v) => statement.get(...note(v)),
          all: (...v) => statement.all(...note(v)),
          run: (...v) => statement.run(...note(v)),
        };
      },
    };
    const storage = createSqliteStorage(spy);
    const items = storage.collection<Key>(keys);
    storage.migrate();
    statements.clear();
    const version = (await items.create({ id: 'a', owner: 'o', createdAt: 1 })) ?? '';
    await items.get('a');
    await items.update('a', version, { id: 'a', owner: 'o', createdAt: 1 });
    await items.touch([{ id: 'a', touchedAt: 1 }]);
    await items.list({ index: 'owner', value: 'o', limit: 1 });
    await items.list({ index: 'owner', value: 'o', limit: 1, cursor: '1.b' });
    await items.delete('a', { version });
    await items.take('a');
    await items.deleteWhere('owner', 'o');
    await items.deleteExpired(5);
    await storage.counters.consume('x', rule);
    await storage.counters.consume('x', rule);
    await storage.counters.reset('x');
    expect(statements.size).toBe(14);
    for (const [sql, values] of statements) {
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...Array.from({ length: values }, () => '[]'));
      const steps = plan.map((step) => (step as { readonly detail: string }).detail);
      const scans = steps.filter((step) => /^SCAN (?!json_each|t\b)|TEMP B-TREE/.test(step));
      expect([sql, scans]).toEqual([sql, []]);
    }
  });
});
