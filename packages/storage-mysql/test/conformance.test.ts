import { storageSuite } from '@portcullis/conformance';
import { cached } from '@portcullis/core/storage';
import { type TcpProxy, fakeClock, tcpProxy } from '@portcullis-internal/testkit';
import { afterAll, expect, it } from 'vitest';
import { createMysqlStorage } from '../src/index.js';
import { type OpenPool, kinds, ownDatabase } from './support/databases.js';

const own = await ownDatabase();
const full = process.env['FULL'] === '1';
afterAll(async () => own?.drop());

const suites = kinds.flatMap((kind, at) => [
  { kind, place: 'plain' as const, prefix: `k${at}_` },
  ...(at === 0 ? [{ kind, place: 'cached' as const, prefix: 'cached_' }] : []),
]);

// Without a server the suite below is empty, and a file without a test is a failure to vitest.
it.skipIf(own === undefined)('has a server', () => expect(own).toBeDefined());

for (const { kind, place, prefix } of own === undefined ? [] : suites) {
  const clock = fakeClock();
  let proxy: TcpProxy;
  let opened: OpenPool;

  storageSuite({
    name: `createMysqlStorage (${kind.name}, ${place})`,
    async create(collections) {
      proxy = await tcpProxy(own?.service ?? { host: '', port: 0 });
      opened = kind.open({ ...own?.options, port: proxy.port });
      const { preparedStatements } = kind;
      const storage = createMysqlStorage(opened.client, { clock, prefix, preparedStatements });
      for (const definition of collections) storage.collection(definition);
      await storage.migrate();
      return place === 'cached' ? cached(storage, { ttl: 60_000, max: 50, clock }) : storage;
    },
    clock,
    advanceClock: (ms) => void clock.advance(ms),
    capabilities: { shared: true, durable: true, bus: false },
    another: (other) =>
      createMysqlStorage(opened.client, { clock: other, prefix, preparedStatements: kind.preparedStatements }),
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
    },
    // In full once; the rest shows that nothing depends on the flags of a connection.
    scale:
      place === 'plain' && prefix === 'k0_'
        ? full
          ? { members: 10_000, increments: 10_000, modelRuns: 20 }
          : { members: 300, increments: 1000, modelRuns: 8 }
        : { members: 50, increments: 200, modelRuns: 2 },
  });
}
