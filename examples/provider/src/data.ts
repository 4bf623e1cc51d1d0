import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { randomToken } from '@portcullis/core';
import { createPasswords, type Passwords } from '@portcullis/password';
import { createSqliteStorage, type SqliteStorage } from '@portcullis/storage-sqlite';
import Libsql from 'libsql';

export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly passwordHash: string;
}

/** The users, and Portcullis' storage in the same file. */
export interface Data {
  readonly database: Libsql.Database;
  readonly storage: SqliteStorage;
  readonly passwords: Passwords;
  readonly users: {
    find(id: string): User | undefined;
    findByEmail(email: string): User | undefined;
  };
}

export function openData(dataDir: string): Data {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const database = new Libsql(join(dataDir, 'provider.db'));
  const storage = createSqliteStorage(database);
  database.exec(
    `CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE,
       password_hash TEXT NOT NULL) STRICT`,
  );
  const columns = 'id, name, email, password_hash AS passwordHash';
  const byId = database.prepare(`SELECT ${columns} FROM users WHERE id = ?`);
  const byEmail = database.prepare(`SELECT ${columns} FROM users WHERE email = ?`);
  return {
    database,
    storage,
    passwords: createPasswords(),
    users: {
      // Not `get`: libsql's puts a member of its own into the row.
      find: (id) => (byId.all(id) as User[])[0],
      findByEmail: (email) => (byEmail.all(email) as User[])[0],
    },
  };
}

/** Makes the first user of a new file. The password that it answers is nowhere else. */
export async function seed({ database, passwords, users }: Data): Promise<string | undefined> {
  const email = 'ada@example.org';
  if (users.find('ada') !== undefined) return undefined;
  const password = randomToken();
  const insert = database.prepare('INSERT INTO users (id, name, email, password_hash) VALUES (?, ?, ?, ?)');
  insert.run('ada', 'Ada', email, await passwords.hash(password));
  return `login ada ${email} ${password}`;
}
