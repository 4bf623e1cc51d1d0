import { StorageUnavailableError, invalidOption } from '@portcullis/core/storage';
import type { Driver, Ear } from './driver.js';

/** A connection of ioredis that listens. */
export interface IoredisConnection {
  subscribe(...channels: string[]): Promise<unknown>;
  on(event: string, listener: (channel: string, message: string) => void): unknown;
  disconnect(): void;
}

/** A `Redis` of ioredis. */
export interface IoredisClient {
  readonly status: string;
  call(command: string, ...args: string[]): Promise<unknown>;
  duplicate(override?: { enableOfflineQueue?: boolean; lazyConnect?: boolean }): IoredisConnection;
}

/** A `Cluster` of ioredis. */
export interface IoredisCluster {
  readonly isCluster: boolean;
  readonly status: string;
  call(command: string, ...args: string[]): Promise<unknown>;
  nodes(role: 'master'): IoredisClient[];
}

/** A connection of node-redis that listens. `disconnect` in version 4, `destroy` from 5 on. */
export interface NodeRedisConnection {
  connect(): Promise<unknown>;
  subscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
}

/** A client of node-redis. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  sendCommand(args: string[]): Promise<unknown>;
  duplicate(): NodeRedisConnection;
}

/** A cluster of node-redis. */
export interface NodeRedisCluster {
  readonly isOpen: boolean;
  readonly masters: readonly object[];
  nodeClient(node: never): PromiseLike<NodeRedisClient> | NodeRedisClient;
  sendCommand(firstKey: string | undefined, isReadonly: boolean | undefined, args: string[]): Promise<unknown>;
}

/** A client that the application has made, and ends. */
export type RedisClient = IoredisClient | IoredisCluster | NodeRedisClient | NodeRedisCluster;

/**
 * The driver for a client, told by the methods that only its kind has.
 *
 * @throws CoreError `invalid_option`
 */
export function createDriver(client: RedisClient): Driver {
  const shape = (client ?? {}) as Partial<IoredisClient & IoredisCluster & NodeRedisClient & NodeRedisCluster>;
  if (typeof shape.call === 'function' && typeof shape.status === 'string') {
    if (shape.isCluster !== true) return ioredis(client as IoredisClient);
    const { options } = client as { readonly options?: { readonly scaleReads?: unknown } };
    if (options?.scaleReads !== undefined && options.scaleReads !== 'master')
      throw invalidOption('client.scaleReads', 'leave it at "master": a replica may not know yet what was revoked.');
    return ioredisCluster(client as IoredisCluster);
  }
  if (typeof shape.sendCommand === 'function') {
    if (typeof shape.nodeClient === 'function') return nodeRedisCluster(client as NodeRedisCluster);
    if (typeof shape.isReady === 'boolean') return nodeRedis(client as NodeRedisClient);
  }
  throw invalidOption('client', 'give a Redis or Cluster of ioredis, or a client or cluster of node-redis 4 or later.');
}

function ioredis(client: IoredisClient): Driver {
  return {
    ready: ioredisReady(client),
    get: (key) => client.call('GET', key),
    send: (_key, [command = '', ...args]) => client.call(command, ...args),
    everywhere: async ([command = '', ...args]) => [await client.call(command, ...args)],
    listen: (channels, ear) => listenOnIoredis(client, channels, ear),
  };
}

function ioredisCluster(cluster: IoredisCluster): Driver {
  return {
    ready: ioredisReady(cluster),
    get: (key) => cluster.call('GET', key),
    send: (_key, [command = '', ...args]) => cluster.call(command, ...args),
    everywhere: ([command = '', ...args]) =>
      Promise.all(cluster.nodes('master').map((node) => node.call(command, ...args))),
    // A cluster passes messages on to all its nodes, so any one will do; after a break it is another.
    listen: async (channels, ear) => listenOnIoredis(pick(cluster.nodes('master')), channels, ear),
  };
}

// While it connects for the first time it may keep commands: there is nothing yet that it could have lost.
function ioredisReady(client: { readonly status: string }): () => boolean {
  let was = false;
  return () => {
    const { status } = client;
    if (status === 'ready') was = true;
    return was ? status === 'ready' : status === 'wait' || status === 'connecting' || status === 'connect';
  };
}

async function listenOnIoredis(client: IoredisClient, channels: readonly string[], ear: Ear): Promise<() => void> {
  const connection = client.duplicate({ enableOfflineQueue: true, lazyConnect: false });
  const { broken, failed, end } = once(ear, () => connection.disconnect());
  // Without a listener ioredis prints each error.
  connection.on('error', () => undefined);
  connection.on('close', broken);
  connection.on('message', (_channel, message) => ear.message(message));
  try {
    await Promise.race([failed, connection.subscribe(...channels)]);
  } catch (error) {
    end();
    throw error;
  }
  return end;
}

function nodeRedis(client: NodeRedisClient): Driver {
  let was = false;
  return {
    ready() {
      if (client.isReady) was = true;
      return !was || client.isReady;
    },
    get: (key) => client.sendCommand(['GET', key]),
    send: (_key, args) => client.sendCommand(args as string[]),
    everywhere: async (args) => [await client.sendCommand(args as string[])],
    listen: (channels, ear) => listenOnNodeRedis(client, channels, ear),
  };
}

function nodeRedisCluster(cluster: NodeRedisCluster): Driver {
  const node = (master: object): PromiseLike<NodeRedisClient> | NodeRedisClient => cluster.nodeClient(master as never);
  return {
    ready: () => cluster.isOpen,
    // Never as a read, which it might send to a replica.
    get: (key) => cluster.sendCommand(key, false, ['GET', key]),
    send: (key, args) => cluster.sendCommand(key, false, args as string[]),
    everywhere: (args) =>
      Promise.all(cluster.masters.map(async (master) => (await node(master)).sendCommand(args as string[]))),
    listen: async (channels, ear) => listenOnNodeRedis(await node(pick(cluster.masters)), channels, ear),
  };
}

async function listenOnNodeRedis(client: NodeRedisClient, channels: readonly string[], ear: Ear): Promise<() => void> {
  const connection = client.duplicate();
  const { broken, failed, end } = once(ear, () => endNodeRedis(connection));
  for (const event of ['error', 'end', 'reconnecting']) connection.on(event, broken);
  try {
    const listening = connection
      .connect()
      .then(() => connection.subscribe([...channels], (message) => ear.message(message)));
    await Promise.race([failed, listening]);
  } catch (error) {
    end();
    throw error;
  }
  return end;
}

function endNodeRedis(connection: NodeRedisConnection): void {
  const { destroy, disconnect } = connection as { destroy?: () => unknown; disconnect?: () => unknown };
  try {
    const ended = (destroy ?? disconnect)?.call(connection);
    if (ended instanceof Promise) ended.then(undefined, () => undefined);
  } catch {
    // It says so when it was closed already.
  }
}

interface Listening {
  readonly broken: () => void;
  readonly end: () => void;
  /** Rejects at the first break: what was asked of a connection that is then ended may stay without an answer for ever. */
  readonly failed: Promise<never>;
}

// Tells of the first break only, and of none after the end.
function once(ear: Ear, close: () => void): Listening {
  let over = false;
  let fail: ((error: Error) => void) | undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  // Once it listens, nobody waits for this any more.
  failed.catch(() => undefined);
  const end = (): void => {
    if (over) return;
    over = true;
    close();
  };
  const broken = (): void => {
    if (over) return;
    end();
    fail?.(new StorageUnavailableError('The connection to listen on was lost.'));
    ear.broken();
  };
  return { broken, failed, end };
}

function pick<N>(nodes: readonly N[]): N {
  const node = nodes[Math.floor(Math.random() * nodes.length)];
  if (node === undefined) throw new StorageUnavailableError('The cluster has no primary to listen to.');
  return node;
}
