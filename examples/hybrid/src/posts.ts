import type { Database } from './database.js';

export interface Post {
  readonly id: number;
  readonly authorId: string;
  readonly title: string;
  readonly body: string;
  /** Milliseconds since 1970, as every time of this API. */
  readonly createdAt: number;
}

export interface Posts {
  create(post: Pick<Post, 'authorId' | 'title' | 'body'>): Post;
  find(id: string): Post | undefined;
  /** Newest first, older than the post `before`. */
  list(page: { readonly before?: number | undefined; readonly limit: number }): Post[];
  delete(id: number): void;
}

const columns = 'id, author_id AS authorId, title, body, created_at AS createdAt';

export function createPosts(database: Database): Posts {
  const insert = database.prepare<[string, string, string, number]>(
    'INSERT INTO posts (author_id, title, body, created_at) VALUES (?, ?, ?, ?)',
  );
  const select = database.prepare<[number]>(`SELECT ${columns} FROM posts WHERE id = ?`);
  const selectPage = database.prepare<[number, number]>(
    `SELECT ${columns} FROM posts WHERE id < ? ORDER BY id DESC LIMIT ?`,
  );
  const remove = database.prepare<[number]>('DELETE FROM posts WHERE id = ?');

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
