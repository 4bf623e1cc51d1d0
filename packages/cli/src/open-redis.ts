import { createRedisStorage } from '@portcullis/storage-redis';
import { loadClient } from './client-library.js';
import { CommandError } from './failures.js';
import { describeFailure, type OpenedStorage, type OpenUrlOptions } from './opened-storage.js';
import type { ClusterUrl, ServerUrl } from './storage-url.js';

const timeoutMs = 30_000;

type RedisUrl = ServerUrl | ClusterUrl;

interface Node {
  call(command: string, ...args: string[]): Promise<unknown>;
}

interface Client extends Node {
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
  disconnect(): void;
  nodes?(role: 'master'): Node[];
}

interface Ioredis {
  readonly Redis: new (url: string, options: object) => Client;
  readonly Cluster: new (nodes: readonly object[], options: object) => Client;
}

/** Redis and Redis Cluster, through ioredis or node-redis. */
export async function openRedis(
  url: RedisUrl,
  { cwd, prefix = 'portcullis:' }: OpenUrlOptions,
): Promise<OpenedStorage> {
  const { name: library, module } = loadClient(cwd, ['ioredis', 'redis']);
  const { client, nodes, end } = await (library === 'ioredis'
    ? openIoredis(module as Ioredis, url)
    : openNodeRedis(module as NodeRedis, url)
  ).catch((error: unknown) => {
    throw describeFailure(error, url.name, url.secrets);
  });
  try {
    const storage = createRedisStorage(client as never, { prefix, timeoutMs, heartbeatMs: 0 });
    return {
      storage,
      name: url.name,
      migrate: () => storage.migrate(),
      drift: () => storage.drift(),
      migrations: undefined,
      now: async () => {
        const [node] = nodes();
        const [seconds, micros] = node === undefined ? [] : ((await node('TIME')) as [string, string]);
        return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
      },
      collectionNames: async () => {
        const names = new Set<string>();
        for (const node of nodes()) await scanNames(node, prefix, names);
        return [...names].sort();
      },
      close: async () => {
        storage.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

type Send = (command: string, ...args: string[]) => Promise<unknown>;

interface Connected {
  readonly client: unknown;
  /** Each primary. */
  readonly nodes: () => readonly Send[];
  readonly end: () => Promise<void> | void;
}

async function openIoredis({ Redis, Cluster }: Ioredis, url: RedisUrl): Promise<Connected> {
  const common = { lazyConnect: true, maxRetriesPerRequest: 2 };
  const client =
    url.kind !== 'redis-cluster'
      ? new Redis(url.url, { ...common, retryStrategy: (times: number) => (times > 3 ? null : 100) })
      : new Cluster(url.nodes, {
          ...common,
          clusterRetryStrategy: (times: number) => (times > 3 ? null : 100),
          redisOptions: { username: url.username, password: url.password, ...(url.tls ? { tls: {} } : {}) },
        });
  // Without a listener ioredis prints each error; the connection's own failure is told below.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.call('PING');
  } catch (error) {
    client.disconnect();
    throw error;
  }
  const nodes = (): readonly Node[] => (url.kind === 'redis-cluster' ? (client.nodes?.('master') ?? []) : [client]);
  return {
    client,
    nodes: () =>
      nodes().map(
        (node): Send =>
          (...args) =>
            node.call(...args),
      ),
    end: () => client.disconnect(),
  };
}

interface NodeRedis {
  createClient(options: object): {
    on(event: 'error', listener: () => void): unknown;
    connect(): Promise<unknown>;
    sendCommand(args: string[]): Promise<unknown>;
    close(): Promise<void>;
  };
}

async function openNodeRedis({ createClient }: NodeRedis, url: RedisUrl): Promise<Connected> {
  if (url.kind === 'redis-cluster')
    throw new CommandError(
      'client_missing',
      'A cluster needs ioredis in your project. Install it: npm install ioredis',
    );
  const client = createClient({ url: url.url, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  await client.connect();
  return { client, nodes: () => [(...args) => client.sendCommand(args)], end: () => client.close() };
}

async function scanNames(send: Send, prefix: string, names: Set<string>): Promise<void> {
  const pattern = `${prefix.replaceAll(/[*?[\]\\]/g, (unit) => `\\${unit}`)}*:r:*`;
  let cursor = '0';
  do {
    const [next, keys] = (await send('SCAN', cursor, 'MATCH', pattern, 'COUNT', '1000')) as [string, string[]];
    cursor = String(next);
    for (const key of keys) {
      const name = /^([a-z0-9_]{1,40}):r:/.exec(String(key).slice(prefix.length))?.[1];
      if (name !== undefined && name !== 'counters') names.add(name);
    }
  } while (cursor !== '0');
}
