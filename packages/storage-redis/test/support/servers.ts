import { randomBytes } from 'node:crypto';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import type { RedisClient } from '../../src/index.js';

/** A client that a test has made and ends. */
export interface OpenClient {
  readonly client: RedisClient;
  readonly end: () => void;
}

/** A kind of client for one server. */
export interface ClientKind {
  readonly name: string;
  readonly open: (port: number) => Promise<OpenClient>;
}

const host = '127.0.0.1';

/** A client of ioredis that comes back at once. */
export function openIoredis(port: number): Redis {
  const client = new Redis({ host, port, retryStrategy: () => 20 });
  // Without a listener it prints each error.
  client.on('error', () => undefined);
  return client;
}

async function nodeRedis(port: number): Promise<OpenClient> {
  const client = createClient({ socket: { host, port, reconnectStrategy: () => 20 } });
  client.on('error', () => undefined);
  await client.connect();
  return { client, end: () => client.destroy() };
}

/** The two clients for a server. */
export const kinds: readonly ClientKind[] = [
  {
    name: 'ioredis',
    async open(port) {
      const client = openIoredis(port);
      await client.ping();
      return { client, end: () => client.disconnect() };
    },
  },
  { name: 'node-redis', open: nodeRedis },
];

/** The two clients for a cluster. */
export const clusterKinds: readonly {
  readonly name: string;
  readonly open: (ports: readonly number[]) => Promise<OpenClient>;
}[] = [
  {
    name: 'ioredis.Cluster',
    async open(ports) {
      const client = new Cluster(ports.map((port) => ({ host, port })));
      client.on('error', () => undefined);
      await client.set('ready', '1');
      return { client, end: () => client.disconnect() };
    },
  },
  {
    name: 'node-redis createCluster',
    async open(ports) {
      const client = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://${host}:${port}` })) });
      client.on('error', () => undefined);
      await client.connect();
      return { client, end: () => client.destroy() };
    },
  },
];

/** A prefix that no other test uses. */
export function ownPrefix(): string {
  return `test_${randomBytes(6).toString('hex')}:`;
}

/** Removes every key of a prefix, and no other. */
export async function flush(port: number, prefix: string): Promise<void> {
  const client = openIoredis(port);
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 1000);
    cursor = next;
    if (keys.length > 0) await client.unlink(...keys);
  } while (cursor !== '0');
  client.disconnect();
}

/** A client whose commands can be looked at, refused or let pass one by one. */
export function intercepted(
  client: Redis,
  before: (command: string, args: readonly string[]) => Promise<void> | void,
): RedisClient {
  return {
    get status() {
      return client.status;
    },
    async call(command: string, ...args: string[]): Promise<unknown> {
      await before(command, args);
      return client.call(command, ...args);
    },
    duplicate: () => client.duplicate(),
  };
}
