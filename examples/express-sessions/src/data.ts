import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { randomToken } from '@portcullis/core';
import { createPasswords, type Passwords } from '@portcullis/password';
import { createSqliteStorage, type SqliteStorage } from '@portcullis/storage-sqlite';
import Libsql from 'libsql';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly passwordHash: string;
}

/** The users, and Portcullis' storage in the same file. */
export interface Data {
  readonly database: Libsql.Database;
  readonly storage: SqliteStorage;
  readonly passwords: Passwords;
  readonly users: {
    find(email: string): User | undefined;
    setPasswordHash(id: string, passwordHash: string): void;
  };
}

export function openData(dataDir: string): Data {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const database = new Libsql(join(dataDir, 'sessions.db'));
  const storage = createSqliteStorage(database);
  database.exec(
    'CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL) STRICT',
  );
  const select = database.prepare('SELECT id, email, password_hash AS passwordHash FROM users WHERE email = ?');
  const update = database.prepare('UPDATE users SET password_hash = ? WHERE id = ?');
  return {
    database,
    storage,
    passwords: createPasswords(),
    users: {
      // Not `get`: libsql's puts a member of its own into the row.
      find: (email) => (select.all(email) as User[])[0],
      setPasswordHash: (id, passwordHash) => void update.run(passwordHash, id),
    },
  };
}

/** Makes the first user of a new file. The password that it answers is nowhere else. */
export async function seed({ database, passwords, users }: Data): Promise<string | undefined> {
  const email = 'ada@example.org';
  if (users.find(email) !== undefined) return undefined;
  const password = randomToken();
  const insert = database.prepare('INSERT INTO users (id, email, password_hash) VALUES (?, ?, ?)');
  insert.run('ada', email, await passwords.hash(password));
  return `login ada ${email} ${password}`;
}
