import { randomBytes } from 'node:crypto';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { createClient as createClient4, createCluster as createCluster4 } from 'redis-4';
import { createClient as createClient5, createCluster as createCluster5 } from 'redis-5';
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
export function openIoredis(port: number, options: { readonly enableAutoPipelining?: boolean } = {}): Redis {
  const client = new Redis({ host, port, retryStrategy: () => 20, ...options });
  // Without a listener it prints each error.
  client.on('error', () => undefined);
  return client;
}

interface Connecting {
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
}

// Each major version has types of its own, and its own way to end.
function nodeRedis<C extends RedisClient & Connecting>(
  name: string,
  create: (options: { readonly socket: { host: string; port: number; reconnectStrategy: () => number } }) => C,
  end: (client: C) => unknown,
): ClientKind {
  return {
    name,
    async open(port) {
      const client = create({ socket: { host, port, reconnectStrategy: () => 20 } });
      client.on('error', () => undefined);
      await client.connect();
      return { client, end: () => void end(client) };
    },
  };
}

/** The clients for a server. */
export const kinds: readonly ClientKind[] = [
  {
    name: 'ioredis',
    async open(port) {
      const client = openIoredis(port);
      await client.ping();
      return { client, end: () => client.disconnect() };
    },
  },
  {
    name: 'ioredis, enableAutoPipelining',
    async open(port) {
      const client = openIoredis(port, { enableAutoPipelining: true });
      await client.ping();
      return { client, end: () => client.disconnect() };
    },
  },
  nodeRedis(
    'node-redis',
    (options) => createClient(options),
    (client) => client.destroy(),
  ),
  nodeRedis(
    'node-redis 5',
    (options) => createClient5(options),
    (client) => client.destroy(),
  ),
  nodeRedis(
    'node-redis 4',
    (options) => createClient4(options),
    (client) => client.disconnect(),
  ),
];

/** A kind of client for a cluster. */
export interface ClusterKind {
  readonly name: string;
  readonly open: (ports: readonly number[]) => Promise<OpenClient>;
}

function nodeRedisCluster<C extends RedisClient & Connecting>(
  name: string,
  create: (options: { readonly rootNodes: { url: string }[] }) => C,
  end: (client: C) => unknown,
): ClusterKind {
  return {
    name,
    async open(ports) {
      const client = create({ rootNodes: ports.map((port) => ({ url: `redis://${host}:${port}` })) });
      client.on('error', () => undefined);
      await client.connect();
      return { client, end: () => void end(client) };
    },
  };
}

/** The clients for a cluster. */
export const clusterKinds: readonly ClusterKind[] = [
  {
    name: 'ioredis.Cluster',
    async open(ports) {
      const client = new Cluster(ports.map((port) => ({ host, port })));
      client.on('error', () => undefined);
      await client.set('ready', '1');
      return { client, end: () => client.disconnect() };
    },
  },
  nodeRedisCluster(
    'node-redis createCluster',
    (options) => createCluster(options),
    (client) => client.destroy(),
  ),
  nodeRedisCluster(
    'node-redis 5 createCluster',
    (options) => createCluster5(options),
    (client) => client.destroy(),
  ),
  nodeRedisCluster(
    'node-redis 4 createCluster',
    (options) => createCluster4(options),
    (client) => client.disconnect(),
  ),
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
