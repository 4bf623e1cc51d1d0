import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { type RedisClient, createRedisStorage } from '../../src/index.js';

// Each client's own declaration is taken without a cast.
export const taken = (): readonly RedisClient[] => [
  new Redis(),
  new Cluster([]),
  createClient(),
  createCluster({ rootNodes: [] }),
];

// @ts-expect-error a URL is not a client
createRedisStorage('redis://localhost');
