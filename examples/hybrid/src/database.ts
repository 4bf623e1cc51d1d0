import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createSqliteStorage, type SqliteStorage } from '@portcullis/storage-sqlite';
import Libsql from 'libsql';
import { StartupError } from './config.js';

export type Database = Libsql.Database;

/** One step each, in order. Never change one that has shipped: add another. */
const migrations: readonly string[] = [
  `CREATE TABLE users (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL,
     role TEXT NOT NULL CHECK (role IN ('reader', 'author', 'admin'))
   ) STRICT;
   CREATE TABLE posts (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     author_id TEXT NOT NULL REFERENCES users (id),
     title TEXT NOT NULL,
     body TEXT NOT NULL,
     created_at INTEGER NOT NULL
   ) STRICT;`,
  `ALTER TABLE users ADD COLUMN email TEXT;
   ALTER TABLE users ADD COLUMN password_hash TEXT;
   ALTER TABLE users ADD COLUMN totp_sealed TEXT;
   ALTER TABLE users ADD COLUMN disabled_at INTEGER;
   CREATE UNIQUE INDEX users_email ON users (email);`,
];

/** The service's own tables, and Portcullis' storage in the same file. */
export interface Store {
  readonly database: Database;
  readonly storage: SqliteStorage;
}

/** Opens the file, and makes it where there is none. Only this process' user can read it: see `umask` in main.ts. */
export function openStore(dataDir: string): Store {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const database = new Libsql(join(dataDir, 'hybrid.db'));
    const storage = createSqliteStorage(database);
    database.exec('PRAGMA foreign_keys = ON');
    migrate(database);
    return { database, storage };
  } catch (error) {
    // The storage's own error says "did not answer"; what the disk or the driver said is its cause.
    const { message } = (error instanceof Error && error.cause instanceof Error ? error.cause : error) as Error;
    throw new StartupError(`DATA_DIR: cannot use ${dataDir}: ${message}`, { cause: error });
  }
}

/** Leaves one file, without a log beside it, that can be copied. */
export function closeStore(database: Database): void {
  database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
  database.close();
}

function migrate(database: Database): void {
  database.exec('BEGIN IMMEDIATE');
  const { user_version: done } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  for (const sql of migrations.slice(done)) database.exec(sql);
  database.exec(`PRAGMA user_version = ${migrations.length}`);
  database.exec('COMMIT');
}
