/**
 * Portcullis storage on PostgreSQL.
 *
 * @packageDocumentation
 */
export type { Drift } from './drift.js';
export type {
  PgClient,
  PgPool,
  PgStatement,
  PgliteDatabase,
  PostgresClient,
  PostgresJs,
  PostgresJsQuery,
} from './clients.js';
export { type PostgresErrorCode, PostgresStorageError, postgresErrors } from './errors.js';
export { postgresMigrations } from './migrations.js';
export { type PostgresStorage, type PostgresStorageOptions, createPostgresStorage } from './postgres-storage.js';
