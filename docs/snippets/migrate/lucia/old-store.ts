import type Database from 'libsql';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { OldSession, OldStore } from '../old-sessions.js';

type NoData = Record<string, never>;
interface Row {
  user_id: string;
  /** Seconds, as Lucia's SQLite adapters write it; the others have dates. */
  expires_at: number;
}
const kept = ({ user_id: user, expires_at }: Row): OldSession<NoData> => ({
  // Lucia does not note when somebody signed in.
  ...{ user: String(user), signedInAt: 0, expiresAt: expires_at * 1000, remember: true, data: {} },
});

// #region v3
/** Lucia v3: the cookie `auth_session` holds the session's id, and so does the table. */
export function fromLucia(db: Database.Database): OldStore<NoData> {
  const byId = db.prepare('SELECT user_id, expires_at FROM session WHERE id = ?');
  const shorten = db.prepare('UPDATE session SET expires_at = min(expires_at, ?) WHERE id = ?');
  return {
    find(id) {
      const row = byId.get(id) as Row | undefined;
      return row && kept(row);
    },
    end(id, at) {
      shorten.run(Math.floor(at / 1000), id);
    },
  };
}
// #endregion v3

// #region hashed
/** The code that Lucia's pages gave from 2024 on: the table has the token's SHA-256 in hexadecimal digits. */
export function fromHashedTokens(db: Database.Database): OldStore<NoData> {
  const store = fromLucia(db);
  const idOf = (token: string): string => createHash('sha256').update(token).digest('hex');
  return {
    find: (token) => store.find(idOf(token)),
    end: (token, at) => store.end(idOf(token), at),
  };
}
// #endregion hashed

// #region id-secret
interface SecretRow {
  user_id: string;
  secret_hash: Uint8Array;
  created_at: number;
}

/** The code that they give now: a token is `id.secret`, and the table has the secret's SHA-256. */
export function fromIdAndSecret(db: Database.Database, lifetimeMs: number): OldStore<NoData> {
  const byId = db.prepare('SELECT user_id, secret_hash, created_at FROM session WHERE id = ?');
  const shorten = db.prepare('UPDATE session SET created_at = min(created_at, ?) WHERE id = ?');
  return {
    find(token) {
      const [id = '', secret = ''] = token.split('.');
      const row = byId.get(id) as SecretRow | undefined;
      if (row === undefined) return undefined;
      const hash = createHash('sha256').update(secret).digest();
      if (row.secret_hash.length !== hash.length || !timingSafeEqual(row.secret_hash, hash)) return undefined;
      const signedInAt = row.created_at * 1000;
      return { user: String(row.user_id), signedInAt, expiresAt: signedInAt + lifetimeMs, remember: true, data: {} };
    },
    end(token, at) {
      // It has no end of its own, so it is made older.
      shorten.run(Math.floor((at - lifetimeMs) / 1000), token.split('.')[0] ?? '');
    },
  };
}
// #endregion id-secret
