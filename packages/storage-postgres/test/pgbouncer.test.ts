import { storageSuite } from '@portcullis/conformance';
import { StorageUnavailableError } from '@portcullis/core/storage';
import { type TcpProxy, fakeClock, pgbouncer, tcpProxy } from '@portcullis-internal/testkit';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { createPostgresStorage } from '../src/index.js';
import { type OpenClient, kinds, openPool, ownSchema } from './support/databases.js';
import { errorOf } from './support/errors.js';

const own = await ownSchema();
const pooler = own === undefined ? undefined : await pgbouncer(own.service);
const direct = own?.url ?? '';

afterAll(async () => {
  await pooler?.stop();
  await own?.drop();
});

// Past the pooler: a connection that listens belongs to one client.
const connectListener = async (): Promise<pg.Client> => {
  const client = new pg.Client(direct);
  await client.connect();
  return client;
};

for (const kind of pooler === undefined ? [] : kinds) {
  const clock = fakeClock();
  const schema = `${own?.schema}_${kind.name.replaceAll(/\W/g, '')}_pooled`;
  let proxy: TcpProxy;
  let opened: OpenClient;

  storageSuite({
    name: `createPostgresStorage (${kind.name} through PgBouncer in transaction mode)`,
    async create(collections) {
      const admin = openPool(direct, { max: 2 });
      const migrator = createPostgresStorage(admin, { schema });
      for (const definition of collections) migrator.collection(definition);
      await migrator.migrate();
      await admin.end();
      proxy = await tcpProxy(pooler ?? { host: '', port: 0 });
      opened = kind.open(`postgres://postgres@127.0.0.1:${proxy.port}/postgres`);
      return createPostgresStorage(opened.client, {
        clock,
        schema,
        timeoutMs: 2000,
        preparedStatements: false,
        connectListener,
      });
    },
    clock,
    advanceClock: (ms) => void clock.advance(ms),
    capabilities: { shared: true, durable: true, bus: true },
    another: (other) =>
      createPostgresStorage(opened.client, { clock: other, schema, preparedStatements: false, timeoutMs: 2000 }),
    breakIt() {
      proxy.cut();
      return () => proxy.mend();
    },
    hang() {
      proxy.pause();
      return () => proxy.resume();
    },
    async destroy() {
      await opened.end();
      await proxy.stop();
      await own?.run(`DROP SCHEMA "${schema}" CASCADE`);
    },
    scale: { members: 200, increments: 300, modelRuns: 3 },
  });
}

describe.runIf(pooler !== undefined)('createPostgresStorage through PgBouncer', { timeout: 30_000 }, () => {
  it('says what to set when statements are prepared although the pooler gives each to another connection', async () => {
    const [admin, pool] = [openPool(direct, { max: 2 }), openPool(pooler?.url ?? '', { max: 8 })];
    const place = { schema: own?.schema ?? '', prefix: 'named_' };
    await createPostgresStorage(admin, place).migrate();
    const storage = createPostgresStorage(pool, place);
    const errors = await Promise.all(
      Array.from({ length: 40 }, (_, key) => errorOf(() => storage.counters.reset(`key ${key}`))),
    );
    const lost = errors.filter((error) => String(error).includes('preparedStatements'));
    expect(lost.length).toBeGreaterThan(0);
    for (const error of lost) expect(error).toBeInstanceOf(StorageUnavailableError);
    await Promise.all([admin.end(), pool.end()]);
  });

  it('has no bus without a connection past the pooler, and says so', async () => {
    const pool = openPool(pooler?.url ?? '', { max: 1 });
    const storage = createPostgresStorage(pool, { preparedStatements: false });
    expect([storage.bus, storage.capabilities.bus]).toEqual([undefined, false]);
    await pool.end();
  });
});
