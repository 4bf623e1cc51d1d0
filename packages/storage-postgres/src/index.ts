/**
 * Portcullis storage on PostgreSQL.
 *
 * @packageDocumentation
 */
export type { Drift } from './drift.js';
export type {
  PgClient,
  PgPool,
  PgResult,
  PgStatement,
  PgliteDatabase,
  PostgresClient,
  PostgresJs,
  PostgresJsQuery,
  PostgresJsRunner,
} from './clients.js';
export { type PostgresErrorCode, PostgresStorageError, postgresErrors } from './errors.js';
export { postgresMigrations } from './migrations.js';
export { type PostgresStorage, type PostgresStorageOptions, createPostgresStorage } from './postgres-storage.js';
