import { randomToken } from '@portcullis/core';
import type { Passwords } from '@portcullis/password';
import type { Auth } from './auth.js';
import type { Database } from './database.js';
import type { Posts } from './posts.js';
import type { User, Users } from './users.js';

const people: readonly User[] = [
  { id: 'ada', name: 'Ada', role: 'author' },
  { id: 'grace', name: 'Grace', role: 'author' },
  { id: 'rex', name: 'Rex', role: 'reader' },
  { id: 'root', name: 'Root', role: 'admin' },
];

const articles = [
  { authorId: 'ada', title: 'Notes on the engine', body: 'It weaves algebraical patterns as the loom weaves leaves.' },
  { authorId: 'grace', title: 'A moth in the relay', body: 'The first actual case of a bug being found. Taped in.' },
  { authorId: 'ada', title: 'Looping back', body: 'The engine can be made to repeat a series of steps.' },
  { authorId: 'grace', title: 'How long is a nanosecond?', body: 'About thirty centimetres of wire. Bring one along.' },
] as const;

export interface SeedParts {
  readonly database: Database;
  readonly users: Users;
  readonly posts: Posts;
  readonly passwords: Passwords;
  readonly keys: Auth['keys'];
}

/** Lines to print: what was made just now is nowhere else in plaintext. */
export interface Seeded {
  readonly keys: readonly string[];
  readonly logins: readonly string[];
}

/** Fills a database that has no users yet, in one transaction: Portcullis' records and ours are in the same file. */
export async function seed({ database, users, posts, passwords, keys }: SeedParts): Promise<Seeded> {
  const logins = await chooseLogins(users, passwords);
  const keyLines: string[] = [];
  database.exec('BEGIN IMMEDIATE');
  try {
    if (database.prepare('SELECT 1 FROM users LIMIT 1').get() === undefined) {
      for (const user of people) {
        users.create(user);
        const { key } = await keys.create({ owner: user.id, name: 'first key' });
        keyLines.push(`key ${user.id} ${key.reveal()}`);
      }
      for (const article of articles) posts.create(article);
    }
    for (const { id, email, hash } of logins) {
      users.setEmail(id, email);
      users.setPassword(id, hash, null);
    }
    database.exec('COMMIT');
    return { keys: keyLines, logins: logins.map(({ id, email, password }) => `login ${id} ${email} ${password}`) };
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

/** A password for each of our people who has none: all of them in a new database, and in one of before there were any. */
async function chooseLogins(users: Users, passwords: Passwords) {
  const isNew = users.list().length === 0;
  const without = people.filter(({ id }) => isNew || users.find(id)?.passwordHash === null);
  // Hashing takes its time, and a transaction must not: all of them at once, before it.
  return Promise.all(
    without.map(async ({ id }) => {
      const password = randomToken(18);
      return { id, email: `${id}@example.org`, password, hash: await passwords.hash(password) };
    }),
  );
}
