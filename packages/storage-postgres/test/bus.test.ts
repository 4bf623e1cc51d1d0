import { type StoredRecord, StorageUnavailableError, cached } from '@portcullis/core/storage';
import { requirement, tcpProxy } from '@portcullis-internal/testkit';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { type PgPool, type PostgresStorageOptions, createPostgresStorage } from '../src/index.js';
import { kinds, openPool, ownSchema } from './support/databases.js';
import { errorOf } from './support/errors.js';

interface Session extends StoredRecord {
  readonly owner: string;
}

const sessions = { name: 'sessions', indexes: ['owner'] as const };
const own = await ownSchema();

// Hears everything, and waits for what it should hear.
function createEar() {
  const heard: string[] = [];
  const waiting: { readonly text: string; readonly resolve: () => void }[] = [];
  const hear = (text: string): void => {
    heard.push(text);
    for (const each of waiting.filter(({ text: wanted }) => wanted === text)) each.resolve();
  };
  return {
    heard,
    listener: { message: hear, lost: () => hear('(lost)') },
    next: (text: string) => new Promise<void>((resolve) => waiting.push({ text, resolve })),
  };
}

describe.runIf(own !== undefined)('createPostgresBus', { timeout: 30_000 }, () => {
  const { url, schema, run } = own ?? ({} as NonNullable<typeof own>);
  const ends: (() => unknown)[] = [];
  const open = (options: PostgresStorageOptions = {}, kind = kinds[0], at = url) => {
    const opened = kind?.open(at);
    if (opened === undefined) throw new Error('no driver');
    const storage = createPostgresStorage(opened.client, { schema, timeoutMs: 2000, ...options });
    ends.push(() => storage.close(), opened.end);
    if (storage.bus === undefined) throw new Error('no bus');
    return { ...storage, bus: storage.bus };
  };

  afterAll(async () => {
    for (const end of ends) await end();
    await own?.drop();
  });

  it.each(kinds)(
    'brings texts of any length and kind from one process to another, in their order ($name)',
    async (kind) => {
      const [here, there] = [open({}, kind), open({}, kind)];
      const ear = createEar();
      const texts = [
        '',
        'a:b',
        '\0\ud800',
        '😀'.repeat(9001),
        `${'€'.repeat(7999)}\u0001`,
        '"\\'.repeat(20_000),
        'last',
      ];
      const last = ear.next('last');
      await there.bus.subscribe('x', ear.listener);
      await Promise.all(texts.slice(0, -1).map(async (text) => here.bus.publish('other', text)));
      for (const text of texts) await here.bus.publish('x', text);
      await last;
      expect(ear.heard.map((text) => text.length)).toEqual(texts.map((text) => text.length));
      expect(ear.heard).toEqual(texts);
    },
  );

  it('says so when its connection breaks and when it is back, and then hears again', async () => {
    const place = { prefix: 'broken_' };
    const [here, there] = [open(place), open(place)];
    const [first, second] = [createEar(), createEar()];
    await there.bus.subscribe('x', first.listener);
    const lost = first.next('(lost)');
    await run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN "${schema}.broken%'`);
    await lost;
    // A subscription meanwhile waits until there is a connection again.
    await there.bus.subscribe('x', second.listener);
    expect(first.heard).toEqual(['(lost)', '(lost)']);
    const arrived = Promise.all([first.next('hello'), second.next('hello')]);
    await here.bus.publish('x', 'hello');
    await arrived;
    expect(second.heard).toEqual(['hello']);
  });

  it('reconnects by itself when the server is back', async () => {
    const proxy = await tcpProxy(own?.service ?? { host: '', port: 0 });
    const storage = open({ prefix: 'back_' }, kinds[0], `postgres://postgres@127.0.0.1:${proxy.port}/postgres`);
    const ear = createEar();
    await storage.bus.subscribe('x', ear.listener);
    const lost = ear.next('(lost)');
    proxy.cut();
    await lost;
    expect(await errorOf(() => storage.bus.subscribe('x', createEar().listener))).toBeInstanceOf(
      StorageUnavailableError,
    );
    expect(await errorOf(() => storage.bus.publish('x', 'y'))).toBeInstanceOf(StorageUnavailableError);
    const back = ear.next('(lost)');
    proxy.mend();
    await back;
    const arrived = ear.next('hello');
    await storage.bus.publish('x', 'hello');
    await arrived;
    ends.push(() => proxy.stop());
  });

  it('finds out by its heartbeat that a connection has gone silent', async () => {
    const proxy = await tcpProxy(own?.service ?? { host: '', port: 0 });
    const connectListener = async (): Promise<pg.Client> => {
      const client = new pg.Client(`postgres://postgres@127.0.0.1:${proxy.port}/postgres`);
      await client.connect();
      return client;
    };
    const storage = open({ prefix: 'silent_', heartbeatMs: 50, connectListener });
    const ear = createEar();
    await storage.bus.subscribe('x', ear.listener);
    const lost = ear.next('(lost)');
    proxy.freeze();
    await lost;
    const back = ear.next('(lost)');
    proxy.mend();
    await back;
    const arrived = ear.next('hello');
    await storage.bus.publish('x', 'hello');
    await arrived;
    storage.close?.();
    await proxy.stop();
  });

  it('says so when postgres.js has reconnected', async () => {
    const storage = open({ prefix: 'js_' }, kinds[1]);
    const ear = createEar();
    await storage.bus.subscribe('x', ear.listener);
    const lost = ear.next('(lost)');
    await run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'listen "${schema}.js%'`);
    await lost;
    const again = createEar();
    await storage.bus.subscribe('x', again.listener);
    const arrived = Promise.all([ear.next('hello'), again.next('hello')]);
    await storage.bus.publish('x', 'hello');
    await arrived;
  });

  it('listens on a connection that is made for it where the pool goes through a pooler in transaction mode', async () => {
    let made = 0;
    const connectListener = async (): Promise<pg.Client> => {
      made += 1;
      const client = new pg.Client(url);
      await client.connect();
      return client;
    };
    const storage = open({ prefix: 'pooled_', preparedStatements: false, connectListener });
    expect([storage.capabilities.bus, made]).toEqual([true, 0]);
    const ear = createEar();
    await Promise.all([1, 2].map(async () => storage.bus.subscribe('x', ear.listener)));
    expect(made).toBe(1);
    const arrived = ear.next('hello');
    await storage.bus.publish('x', 'hello');
    await arrived;
  });

  it('reports what it cannot read as lost, and a listener that throws as one that missed it', async () => {
    const storage = open({ prefix: 'junk_' });
    const ear = createEar();
    const ends: string[] = [];
    await storage.bus.subscribe('x', {
      message: () => {
        throw new Error('mine');
      },
      lost: () => ends.push('lost'),
    });
    await storage.bus.subscribe('x', ear.listener);
    const junk = ['junk', 'aa:1:2:late', 'aa:0:1:{', 'aa:0:1:[1,2]', 'aa:0:2:["x"', 'bb:1:2:,"y"]'];
    for (const payload of junk) await run('SELECT pg_notify($1, $2)', [`${schema}.junk_bus`, payload]);
    const arrived = ear.next('hello');
    await storage.bus.publish('x', 'hello');
    await arrived;
    expect(ear.heard).toEqual(['(lost)', '(lost)', '(lost)', '(lost)', '(lost)', 'hello']);
    expect(ends).toHaveLength(6);
  });

  it('subscribes to nothing and leaves no connection behind once it is closed', async () => {
    const listening: { end: () => unknown }[] = [];
    const pool = openPool(url);
    const spy: PgPool = {
      query: (statement) => pool.query(statement),
      on: () => undefined,
      async connect() {
        const client = await pool.connect();
        listening.push(client);
        return client;
      },
    };
    const storage = createPostgresStorage(spy, { schema, prefix: 'closed_' });
    await storage.bus?.subscribe('x', createEar().listener);
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 0]);
    storage.close();
    expect(pool.totalCount).toBe(0);
    expect(await errorOf(() => storage.bus?.subscribe('x', createEar().listener))).toBeInstanceOf(
      StorageUnavailableError,
    );
    // The client itself goes on.
    await storage.migrate();
    await pool.end();
    expect(listening).toHaveLength(2);
  });

  it.each(kinds)(
    `lets cached() in one process see a revocation in another, in one message ($name) ${requirement('D6')}`,
    async (kind) => {
      const place = { prefix: 'cached_' };
      const [here, there] = [open(place, kind), open(place, kind)];
      const [a, b] = [here, there].map((storage) => cached(storage, { ttl: 86_400_000, max: 100 }));
      const [mine, theirs] = [a?.collection<Session>(sessions), b?.collection<Session>(sessions)];
      await here.migrate();
      const records = ['s1', 's2'].map((id): Session => ({ id: `${id} ${kind.name}`, owner: 'o', createdAt: 1 }));
      for (const record of records) await mine?.create(record);
      await theirs?.get('warm');
      // The cache subscribed before this: once this hears, the cache does.
      const ear = createEar();
      await there.bus.subscribe('portcullis.cache', ear.listener);
      for (const { id } of records) {
        const first = await theirs?.get(id);
        expect(first).toBeDefined();
        expect(await theirs?.get(id)).toBe(first);
      }
      const heard = new Promise<void>((resolve) => {
        void there.bus.subscribe('portcullis.cache', { message: () => resolve(), lost: () => undefined });
      });
      await there.bus.subscribe('y', ear.listener);
      expect(await mine?.deleteWhere('owner', 'o')).toBe(2);
      await heard;
      for (const { id } of records) expect(await theirs?.get(id)).toBeUndefined();
      expect(ear.heard).toHaveLength(1);
    },
  );
});
