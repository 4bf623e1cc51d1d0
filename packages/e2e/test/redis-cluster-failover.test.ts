import { createApiKeys } from '@portcullis/api-key';
import { createMemoryStorage } from '@portcullis/core';
import { createRedisStorage, type RedisClient } from '@portcullis/storage-redis';
import { type ClusterService, redisCluster, requirement } from '@portcullis-internal/testkit';
import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, describe, expect, it } from 'vitest';
import { createFaultLoad } from './fault-load.js';

const host = '127.0.0.1';
const cluster = await redisCluster(1);
afterAll(() => cluster?.stop());

// How long before the crash a write may have been acknowledged that the replica did not get: docs/guide/storage.md says so of it.
const lossWindowMs = 1_000;

interface Opened {
  readonly client: RedisClient;
  end(): void;
}

const clients: Readonly<Record<string, (ports: readonly number[]) => Promise<Opened>>> = {
  async 'ioredis.Cluster'(ports) {
    const client = new Cluster(ports.map((port) => ({ host, port })));
    client.on('error', () => undefined);
    await client.set('ready', '1');
    return { client, end: () => client.disconnect() };
  },
  async 'node-redis createCluster'(ports) {
    const client = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://${host}:${port}` })) });
    client.on('error', () => undefined);
    await client.connect();
    return { client, end: () => client.destroy() };
  },
};

async function ask(port: number, command: string, ...args: string[]): Promise<string> {
  const admin = new Redis({ host, port, retryStrategy: () => null });
  admin.on('error', () => undefined);
  try {
    return String(await admin.call(command, ...args));
  } finally {
    admin.disconnect();
  }
}

const isPrimary = async (port: number): Promise<boolean> => (await ask(port, 'ROLE')).startsWith('master');

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise<void>((resolve) => void setImmediate(resolve));
}

/** A primary with a replica that follows it. */
async function followedPrimary({
  ports,
}: ClusterService): Promise<{ readonly primary: number; readonly replica: number }> {
  for (;;) {
    for (const replica of ports) {
      const followed = /^slave,[^,]*,(\d+),connected/.exec(await ask(replica, 'ROLE'))?.[1];
      if (followed !== undefined) return { primary: Number(followed), replica };
    }
  }
}

describe.skipIf(cluster === undefined).each(Object.keys(clients))(
  'API keys under load on a Redis Cluster, by %s',
  { timeout: 120_000 },
  (name) => {
    it(`are 503 and never wrongly accepted while a primary is killed and its replica takes over ${requirement('C2', 'D3', 'K5')}`, async () => {
      if (cluster === undefined) throw new Error('no cluster');
      const opened = await clients[name]?.(cluster.ports);
      if (opened === undefined) throw new Error('no client');
      const prefix = `failover_${name.length}:`;
      const storage = createRedisStorage(opened.client, { prefix, timeoutMs: 800 });
      let crashedAt = Number.POSITIVE_INFINITY;
      const load = await createFaultLoad(storage, () => storage.migrate(), {
        mayLose: (at) => at > crashedAt - lossWindowMs && at < crashedAt + lossWindowMs,
      });
      // Of the same form, and issued by nobody here.
      const foreign = createApiKeys({
        storage: createMemoryStorage(),
        brand: 'acme',
        defaultScopes: 'unlimited',
        lastUsed: false,
      });
      const strangers = await Promise.all(Array.from({ length: 12 }, () => foreign.create({ owner: 'mallory' })));
      const accepted = new Set<number>();
      let going = true;
      const knocking = (async () => {
        while (going) {
          for (const { key } of strangers) accepted.add(await load.ask(key.reveal()));
        }
      })();

      const stop = load.run();
      await load.until('succeeded', 200);
      const { primary, replica } = await followedPrimary(cluster);
      await cluster.crash(primary);
      crashedAt = performance.now();
      await load.until('failed', 10);
      expect(load.statuses).toContain(503);
      await until(() => isPrimary(replica));
      await load.recovered();
      await load.until('succeeded', 200);
      await stop();
      going = false;
      await knocking;

      expect(await load.faults()).toEqual([]);
      expect([...load.codes]).toEqual(['storage_unavailable']);
      expect([...load.statuses].filter((status) => ![200, 401, 503].includes(status))).toEqual([]);
      expect([...accepted].filter((status) => status !== 401 && status !== 503)).toEqual([]);

      // Back as a replica, so that the next one finds a whole cluster.
      await cluster.restart(primary);
      await until(async () => (await ask(primary, 'ROLE')).startsWith('slave'));
      storage.close();
      opened.end();
    });
  },
);
