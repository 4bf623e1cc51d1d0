import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createSqliteStorage, type SqliteStorage } from '@portcullis/storage-sqlite';
import Libsql from 'libsql';
import { type Auth, users } from './auth.js';

export interface Post {
  readonly id: number;
  readonly authorId: string;
  readonly title: string;
  readonly body: string;
  /** Milliseconds since 1970, as every time of this API. */
  readonly createdAt: number;
}

/** The service's posts, and Portcullis' storage in the same file. */
export interface Data {
  readonly database: Libsql.Database;
  readonly storage: SqliteStorage;
  readonly posts: Posts;
}

export interface Posts {
  create(post: Pick<Post, 'authorId' | 'title' | 'body'>): Post;
  find(id: string): Post | undefined;
  /** Newest first, older than the post `before`. */
  list(page: { readonly before?: number | undefined; readonly limit: number }): Post[];
  delete(id: number): void;
}

export function openData(dataDir: string): Data {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const database = new Libsql(join(dataDir, 'blog.db'));
  const storage = createSqliteStorage(database);
  database.exec(
    `CREATE TABLE IF NOT EXISTS posts (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       author_id TEXT NOT NULL,
       title TEXT NOT NULL,
       body TEXT NOT NULL,
       created_at INTEGER NOT NULL
     ) STRICT`,
  );
  return { database, storage, posts: createPosts(database) };
}

const columns = 'id, author_id AS authorId, title, body, created_at AS createdAt';

function createPosts(database: Libsql.Database): Posts {
  const insert = database.prepare('INSERT INTO posts (author_id, title, body, created_at) VALUES (?, ?, ?, ?)');
  const select = database.prepare(`SELECT ${columns} FROM posts WHERE id = ?`);
  const selectPage = database.prepare(`SELECT ${columns} FROM posts WHERE id < ? ORDER BY id DESC LIMIT ?`);
  const remove = database.prepare('DELETE FROM posts WHERE id = ?');
  return {
    create({ authorId, title, body }) {
      const createdAt = Date.now();
      const { lastInsertRowid } = insert.run(authorId, title, body, createdAt);
      return { id: Number(lastInsertRowid), authorId, title, body, createdAt };
    },
    find(id) {
      // One spelling for each id: "1", never "01" or "1.0".
      if (!/^[1-9]\d{0,14}$/.test(id)) return undefined;
      // Not `get`: libsql's puts a member of its own into the row.
      return (select.all(Number(id)) as Post[])[0];
    },
    list: ({ before = Number.MAX_SAFE_INTEGER, limit }) => selectPage.all(before, limit) as Post[],
    delete: (id) => void remove.run(id),
  };
}

/** Fills a new file, in one transaction. The plaintexts that it answers are nowhere else. */
export async function seed(
  { database, posts }: Data,
  keys: Auth['keys'],
): Promise<readonly (readonly [string, string])[]> {
  const { user_version: seeded } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (seeded > 0) return [];
  const made: [string, string][] = [];
  database.exec('BEGIN IMMEDIATE');
  for (const owner of Object.keys(users)) {
    const { key } = await keys.create({ owner, name: 'first key' });
    made.push([owner, key.reveal()]);
  }
  for (const authorId of ['ada', 'grace', 'ada', 'grace']) {
    posts.create({ authorId, title: `A post of ${authorId}'s`, body: 'Replace it with one of your own.' });
  }
  database.exec('PRAGMA user_version = 1');
  database.exec('COMMIT');
  return made;
}
