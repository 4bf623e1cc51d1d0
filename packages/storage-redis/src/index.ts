/**
 * Portcullis storage on Redis and Redis Cluster.
 *
 * @packageDocumentation
 */
export type {
  IoredisClient,
  IoredisCluster,
  IoredisConnection,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisConnection,
  RedisClient,
} from './clients.js';
export type { Drift } from './drift.js';
export { type RedisErrorCode, RedisStorageError, redisErrors } from './errors.js';
export {
  type RedisMigrateOptions,
  type RedisStorage,
  type RedisStorageOptions,
  createRedisStorage,
} from './redis-storage.js';
