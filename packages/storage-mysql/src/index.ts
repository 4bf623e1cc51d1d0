/**
 * Portcullis storage on MySQL and MariaDB.
 *
 * @packageDocumentation
 */
export type { Drift } from './drift.js';
export type {
  MysqlCallbackPool,
  MysqlCallbacks,
  MysqlClient,
  MysqlConnection,
  MysqlPool,
  MysqlRunner,
  MysqlStatement,
  MysqlValue,
} from './driver.js';
export { type MysqlErrorCode, MysqlStorageError, mysqlErrors } from './errors.js';
export { mysqlMigrations } from './migrations.js';
export { type MysqlStorage, type MysqlStorageOptions, createMysqlStorage } from './mysql-storage.js';
