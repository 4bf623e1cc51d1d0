import type { Database } from './database.js';
import type { Role } from './policy.js';

export interface User {
  /** What keys, tokens and posts name their owner by. It never changes. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
}

/** A user with what proves who they are. It stays on the server. */
export interface Account extends User {
  /** In lower case. `null` until somebody gives one: nobody signs in as such a user. */
  readonly email: string | null;
  readonly passwordHash: string | null;
  /** The second factor's secret, sealed. */
  readonly totpSealed: string | null;
  /** Milliseconds since 1970. */
  readonly disabledAt: number | null;
}

export interface Users {
  create(user: User & Partial<Pick<Account, 'email' | 'passwordHash'>>): void;
  find(id: string): Account | undefined;
  findByEmail(email: string): Account | undefined;
  list(): readonly Account[];
  /** What a user may do now: the guard asks at each request. Nobody is no role, and neither is who was disabled. */
  rolesOf(id: string): readonly Role[];
  isActive(id: string): boolean;
  setEmail(id: string, email: string): void;
  /** Replaces `before`, and nothing else: of two changes at once one wins. */
  setPassword(id: string, hash: string, before: string | null): boolean;
  /** Sets or removes the second factor, under the same condition. */
  setTotp(id: string, sealed: string | null, before: string | null): boolean;
  setDisabled(id: string, disabledAt: number | null): void;
}

/** One spelling for each address. What is before the @ is not ours to judge, but no provider tells its cases apart. */
export const normalizeEmail = (email: string): string => email.trim().toLowerCase();

const columns = `id, name, role, email, password_hash AS passwordHash, totp_sealed AS totpSealed, disabled_at AS disabledAt`;

export function createUsers(database: Database): Users {
  const insert = database.prepare<[string, string, Role, string | null, string | null]>(
    'INSERT INTO users (id, name, role, email, password_hash) VALUES (?, ?, ?, ?, ?)',
  );
  const byId = database.prepare<[string]>(`SELECT ${columns} FROM users WHERE id = ?`);
  const byEmail = database.prepare<[string]>(`SELECT ${columns} FROM users WHERE email = ?`);
  const everyone = database.prepare(`SELECT ${columns} FROM users ORDER BY name, id LIMIT 1000`);
  const email = database.prepare<[string, string]>('UPDATE users SET email = ? WHERE id = ?');
  const password = database.prepare<[string, string, string | null]>(
    'UPDATE users SET password_hash = ? WHERE id = ? AND password_hash IS ?',
  );
  const totp = database.prepare<[string | null, string, string | null]>(
    'UPDATE users SET totp_sealed = ? WHERE id = ? AND totp_sealed IS ?',
  );
  const disabled = database.prepare<[number | null, string]>('UPDATE users SET disabled_at = ? WHERE id = ?');

  // Not `get`: libsql's puts a member of its own into the row.
  const find = (id: string): Account | undefined => (byId.all(id) as Account[])[0];
  const isActive = (id: string): boolean => find(id)?.disabledAt === null;
  return {
    create: ({ id, name, role, email: address = null, passwordHash = null }) =>
      void insert.run(id, name, role, address && normalizeEmail(address), passwordHash),
    find,
    findByEmail: (address) => (byEmail.all(normalizeEmail(address)) as Account[])[0],
    list: () => everyone.all() as Account[],
    rolesOf(id) {
      const user = find(id);
      return user === undefined || user.disabledAt !== null ? [] : [user.role];
    },
    isActive,
    setEmail: (id, address) => void email.run(normalizeEmail(address), id),
    setPassword: (id, hash, before) => password.run(hash, id, before).changes === 1,
    setTotp: (id, sealed, before) => totp.run(sealed, id, before).changes === 1,
    setDisabled: (id, disabledAt) => void disabled.run(disabledAt, id),
  };
}
