import { storageSuite } from '@portcullis/conformance';
import type { StoredRecord } from '@portcullis/core/storage';
import { fakeClock } from '@portcullis-internal/testkit';
import { Miniflare } from 'miniflare';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type D1Database, type D1Statement, createD1Storage } from '../src/d1.js';

interface Key extends StoredRecord {
  readonly owner: string;
}

const keys = { name: 'keys', indexes: ['owner'] as const };

// Inside the runtime that Cloudflare runs, a Worker hands statements to its real binding and answers with what that answers.
const worker = `export default {
  async fetch(request, { DB }) {
    const statements = (await request.json()).map(({ sql, values }) => values.length ? DB.prepare(sql).bind(...values) : DB.prepare(sql));
    try {
      return Response.json(statements.length === 1 ? await statements[0].all() : await DB.batch(statements));
    } catch (error) {
      return Response.json({ failed: error.message });
    }
  },
}`;

interface Statement extends D1Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

function workerd(): { readonly binding: D1Database; dispose(): Promise<void> } {
  const runtime = new Miniflare({
    modules: true,
    script: worker,
    compatibilityDate: '2026-01-01',
    d1Databases: ['DB'],
  });
  const send = async (statements: readonly Pick<Statement, 'sql' | 'values'>[]): Promise<unknown> => {
    const body = JSON.stringify(statements.map(({ sql, values }) => ({ sql, values })));
    const response = await runtime.dispatchFetch('http://worker/', { method: 'POST', body });
    const answer = (await response.json()) as object;
    if ('failed' in answer) throw new Error(String(answer.failed));
    return answer;
  };
  const statement = (sql: string, values: readonly unknown[]): Statement => ({
    sql,
    values,
    bind: (...bound) => statement(sql, bound),
    all: () => send([{ sql, values }]) as ReturnType<D1Statement['all']>,
  });
  return {
    binding: { prepare: (sql) => statement(sql, []), batch: (statements) => send(statements) },
    dispose: () => runtime.dispose(),
  };
}

/** A binding whose statements fail while `setBroken` says so, as when the database cannot be reached. */
function breakable(database: D1Database): {
  readonly database: D1Database;
  setBroken(broken: boolean): void;
  hold(): () => void;
} {
  let broken = false;
  let held: Promise<void> | undefined;
  const wrap = (statement: ReturnType<D1Database['prepare']>): ReturnType<D1Database['prepare']> => ({
    bind: (...values) => wrap(statement.bind(...values)),
    all: async () => {
      if (broken) throw new Error('D1_ERROR: Network connection lost.');
      await held;
      return statement.all();
    },
  });
  return {
    database: { prepare: (sql) => wrap(database.prepare(sql)), batch: (statements) => database.batch(statements) },
    setBroken(value) {
      broken = value;
    },
    hold() {
      let release: () => void = () => undefined;
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => {
        held = undefined;
        release();
      };
    },
  };
}

{
  const clock = fakeClock();
  let runtime: ReturnType<typeof workerd>;
  let setBroken: (broken: boolean) => void;
  let hold: () => () => void;
  storageSuite({
    name: 'createD1Storage (workerd)',
    async create(collections) {
      runtime = workerd();
      const { binding } = runtime;
      const ready = createD1Storage(binding, { clock });
      for (const definition of collections) ready.collection(definition);
      await ready.migrate();
      const wrapped = breakable(binding);
      ({ setBroken, hold } = wrapped);
      // Each call goes through the runtime's own server, and a race makes thousands of them.
      return createD1Storage(wrapped.database, { clock, timeoutMs: 60_000 });
    },
    another: (other) => createD1Storage(runtime.binding, { clock: other, timeoutMs: 60_000 }),
    clock,
    advanceClock: (ms) => void clock.advance(ms),
    capabilities: { shared: true, durable: true, bus: false },
    breakIt() {
      setBroken(true);
      return () => setBroken(false);
    },
    hang: () => hold(),
    destroy: () => runtime.dispose(),
    scale: { members: 40, increments: 60, modelRuns: 3 },
  });
}

describe('createD1Storage', () => {
  let runtime: ReturnType<typeof workerd>;
  let binding: D1Database;
  beforeAll(() => {
    runtime = workerd();
    ({ binding } = runtime);
  });
  afterAll(() => runtime.dispose());

  it('migrates from several Workers at once, prints the same statements, and finds what differs', async () => {
    const storages = Array.from({ length: 4 }, () => createD1Storage(binding, { prefix: 'auth_' }));
    for (const storage of storages) storage.collection<Key>(keys);
    const [storage] = storages as [ReturnType<typeof createD1Storage>];
    await expect(storage.collection<Key>(keys).get('x')).rejects.toMatchObject({ code: 'storage_not_migrated' });
    expect((await storage.drift()).map(({ kind, table }) => `${kind} ${table}`)).toContain('missing_table auth_keys');
    await Promise.all(storages.map((each) => each.migrate()));
    expect(await storage.drift()).toEqual([]);
    expect(storage.migrations()).toEqual(expect.arrayContaining([expect.stringContaining('CREATE TABLE "auth_keys"')]));

    const wider = createD1Storage(binding, { prefix: 'auth_' });
    const items = wider.collection<Key>({ name: 'keys', indexes: ['owner', 'note'] as never });
    await storage.collection<Key>(keys).create({ id: 'a', owner: 'o', createdAt: 1, note: 'n' } as Key);
    await wider.migrate();
    expect((await items.list({ index: 'note' as never, value: 'n', limit: 5 })).items).toHaveLength(1);
  });

  it('refuses what is no binding, and options out of range, naming each', () => {
    expect(() => createD1Storage({} as D1Database)).toThrow('env.DB');
    expect(() => createD1Storage(binding, { prefix: 'A' })).toThrow('prefix');
    expect(() => createD1Storage(binding, { timeoutMs: 0 })).toThrow('timeoutMs');
  });

  it('gives up a call that takes too long, or whose signal has fired', async () => {
    const never: D1Database = {
      prepare: () => ({ bind: () => never.prepare(''), all: () => new Promise<never>(() => undefined) }),
      batch: () => new Promise<never>(() => undefined),
    };
    const items = createD1Storage(never, { timeoutMs: 20 }).collection<Key>(keys);
    await expect(items.get('x')).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expect(items.get('x', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
  });
});
