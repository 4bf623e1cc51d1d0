import { storageSuite } from '@portcullis/conformance';
import { fakeClock, redisCluster } from '@portcullis-internal/testkit';
import { afterAll, expect, it } from 'vitest';
import { createRedisStorage } from '../src/index.js';
import { type OpenClient, clusterKinds, ownPrefix } from './support/servers.js';

const cluster = await redisCluster();
afterAll(() => cluster?.stop());

// Without a server the suite below is empty, and a file without a test is a failure to vitest.
it.skipIf(cluster === undefined)('has a server', () => expect(cluster).toBeDefined());

for (const kind of clusterKinds) {
  if (cluster === undefined) continue;
  const clock = fakeClock();
  const prefix = ownPrefix();
  let opened: OpenClient;
  let setBroken: (broken: boolean) => void;
  let held: Promise<void> | undefined;

  storageSuite({
    name: `createRedisStorage (${kind.name})`,
    async create(collections) {
      opened = await kind.open(cluster.ports);
      let broken = false;
      setBroken = (value) => {
        broken = value;
      };
      const fails = (): Promise<never> => Promise.reject(new Error('CLUSTERDOWN The cluster is down'));
      const client = new Proxy(opened.client, {
        get(target, name) {
          if (broken && (name === 'call' || name === 'sendCommand')) return fails;
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== 'function') return value;
          const call = value.bind(target) as (...args: unknown[]) => unknown;
          const until = held;
          return until !== undefined && (name === 'call' || name === 'sendCommand')
            ? (...args: unknown[]) => until.then(() => call(...args))
            : call;
        },
      });
      const storage = createRedisStorage(client, { clock, prefix });
      for (const definition of collections) storage.collection(definition);
      await storage.migrate();
      return storage;
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
      let resume: () => void = () => undefined;
      held = new Promise((resolve) => {
        resume = resolve;
      });
      return () => {
        held = undefined;
        resume();
      };
    },
    destroy: () => opened.end(),
    scale: { members: 200, increments: 400, modelRuns: 4 },
  });
}
