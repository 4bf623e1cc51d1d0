import { storageSuite } from '@portcullis/conformance';
import { cached } from '@portcullis/core/storage';
import { type TcpProxy, fakeClock, tcpProxy } from '@portcullis-internal/testkit';
import { afterAll, expect, it } from 'vitest';
import { createPostgresStorage } from '../src/index.js';
import { type OpenClient, kinds, ownSchema, partitioned } from './support/databases.js';

const own = await ownSchema();
const full = process.env['FULL'] === '1';
afterAll(async () => own?.drop());

// Without a server the suite below is empty, and a file without a test is a failure to vitest.
it.skipIf(own === undefined)('has a server', () => expect(own).toBeDefined());

for (const [kind, place] of own === undefined
  ? []
  : kinds.flatMap((each) => [
      [each, 'plain'] as const,
      ...(each.name === 'pg' ? [[each, 'cached'] as const, [each, 'partitioned'] as const] : []),
    ])) {
  const clock = fakeClock();
  const schema = `${own?.schema}_${kind.name.replaceAll(/\W/g, '')}_${place}`;
  let proxy: TcpProxy;
  let opened: OpenClient;

  storageSuite({
    name: `createPostgresStorage (${kind.name}, ${place})`,
    async create(collections) {
      proxy = await tcpProxy(own?.service ?? { host: '', port: 0 });
      opened = kind.open(`postgres://postgres@127.0.0.1:${proxy.port}/postgres`);
      // postgres.js loses some queries of a connection that is reset: these end by the timeout.
      const storage = createPostgresStorage(opened.client, {
        clock,
        schema,
        timeoutMs: kind.name === 'pg' ? 5000 : 1500,
      });
      for (const definition of collections) storage.collection(definition);
      if (place === 'partitioned') for (const sql of partitioned(storage.migrations(), schema)) await own?.run(sql);
      await storage.migrate();
      return place === 'cached' ? cached(storage, { ttl: 60_000, max: 50, clock }) : storage;
    },
    clock,
    advanceClock: (ms) => void clock.advance(ms),
    capabilities: { shared: true, durable: true, bus: true },
    another: (other) => createPostgresStorage(opened.client, { clock: other, schema }),
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
    // In full once; the rest shows that nothing depends on the driver.
    scale:
      place === 'plain' && kind.name === 'pg'
        ? full
          ? { members: 10_000, increments: 10_000, modelRuns: 60 }
          : { members: 1000, increments: 1000, modelRuns: 15 }
        : { members: 200, increments: 300, modelRuns: 3 },
  });
}
