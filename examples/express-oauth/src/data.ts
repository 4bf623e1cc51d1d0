import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createSqliteStorage, type SqliteStorage } from '@portcullis/storage-sqlite';
import Libsql from 'libsql';

export interface User {
  readonly id: string;
  readonly name: string;
}

/** The users, and Portcullis' storage in the same file. */
export interface Data {
  readonly database: Libsql.Database;
  readonly storage: SqliteStorage;
  readonly users: {
    find(id: string): User | undefined;
    /** Whoever is there already stays as they are. */
    add(user: User): void;
  };
}

export function openData(dataDir: string): Data {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const database = new Libsql(join(dataDir, 'oauth.db'));
  const storage = createSqliteStorage(database);
  database.exec('CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT');
  const select = database.prepare('SELECT id, name FROM users WHERE id = ?');
  const insert = database.prepare('INSERT OR IGNORE INTO users (id, name) VALUES (?, ?)');
  return {
    database,
    storage,
    users: {
      // Not `get`: libsql's puts a member of its own into the row.
      find: (id) => (select.all(id) as User[])[0],
      add: ({ id, name }) => void insert.run(id, name),
    },
  };
}
