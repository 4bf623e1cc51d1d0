import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { createClient as createClient4, createCluster as createCluster4 } from 'redis-4';
import { createClient as createClient5, createCluster as createCluster5 } from 'redis-5';
import { type RedisClient, createRedisStorage } from '../../src/index.js';

// Each client's own declaration is taken without a cast.
export const taken = (): readonly RedisClient[] => [
  new Redis(),
  new Cluster([]),
  createClient(),
  createCluster({ rootNodes: [] }),
  createClient5(),
  createCluster5({ rootNodes: [] }),
  createClient4(),
  createCluster4({ rootNodes: [] }),
];

// @ts-expect-error a URL is not a client
createRedisStorage('redis://localhost');
