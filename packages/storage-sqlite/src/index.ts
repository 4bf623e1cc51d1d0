/**
 * Portcullis storage on SQLite.
 *
 * @packageDocumentation
 */
export type { Drift } from './drift.js';
export type { SqliteDatabase, SqliteStatement, SqliteValue } from './driver.js';
export { type SqliteErrorCode, SqliteStorageError, sqliteErrors } from './errors.js';
export { sqliteMigrations } from './migrations.js';
export { type SqliteStorage, type SqliteStorageOptions, createSqliteStorage } from './sqlite-storage.js';
