import { storageSuite } from '@portcullis/conformance';
import { cached } from '@portcullis/core/storage';
import { type TcpProxy, fakeClock, redis, tcpProxy } from '@portcullis-internal/testkit';
import { afterAll, expect, it } from 'vitest';
import { createRedisStorage } from '../src/index.js';
import { type OpenClient, flush, kinds, ownPrefix } from './support/servers.js';

const service = await redis();
const full = process.env['FULL'] === '1';
afterAll(() => service?.stop());

// Without a server the suite below is empty, and a file without a test is a failure to vitest.
it.skipIf(service === undefined)('has a server', () => expect(service).toBeDefined());

for (const kind of service === undefined ? [] : kinds) {
  for (const place of kind === kinds[0] ? (['', ', cached'] as const) : ([''] as const)) {
    const { port } = service as { readonly port: number };
    const clock = fakeClock();
    const prefix = ownPrefix();
    let proxy: TcpProxy;
    let opened: OpenClient;
    let setBroken: (broken: boolean) => void;

    storageSuite({
      name: `createRedisStorage (${kind.name}${place})`,
      async create(collections) {
        proxy = await tcpProxy({ host: '127.0.0.1', port });
        opened = await kind.open(proxy.port);
        let broken = false;
        setBroken = (value) => {
          broken = value;
        };
        const fails = (): Promise<never> =>
          Promise.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
        const client = new Proxy(opened.client, {
          get(target, name) {
            if (broken && (name === 'call' || name === 'sendCommand')) return fails;
            const value: unknown = Reflect.get(target, name, target);
            return typeof value === 'function' ? (value.bind(target) as unknown) : value;
          },
        });
        const storage = createRedisStorage(client, { clock, prefix });
        for (const definition of collections) storage.collection(definition);
        await storage.migrate();
        return place === '' ? storage : cached(storage, { ttl: 60_000, max: 50, clock });
      },
      clock,
      advanceClock: (ms) => void clock.advance(ms),
      capabilities: { shared: true, durable: false, bus: true },
      another: (other) => createRedisStorage(opened.client, { clock: other, prefix }),
      breakIt() {
        setBroken(true);
        return () => setBroken(false);
      },
      hang() {
        proxy.pause();
        return () => proxy.resume();
      },
      async destroy() {
        opened.end();
        await proxy.stop();
        await flush(port, prefix);
      },
      // In full once; the rest shows that nothing depends on the client.
      scale:
        kind.name === 'ioredis' && place === ''
          ? full
            ? { members: 10_000, increments: 10_000, modelRuns: 60 }
            : { increments: 4000, modelRuns: 25 }
          : { members: 200, increments: 400, modelRuns: 4 },
    });
  }
}
