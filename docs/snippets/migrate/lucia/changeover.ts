import type Database from 'libsql';
import { fromLucia } from './old-store.js';

/** What `createOldSessions` takes of Lucia. Code of Lucia's pages calls the cookie `session`. */
export const luciaSessions = (db: Database.Database) => ({
  store: fromLucia(db),
  cookie: {
    name: 'auth_session',
    attributes: { path: '/', httpOnly: true, secure: true, sameSite: 'lax' as const },
  },
  // Nothing is signed: the id has 200 random bits.
  readToken: (value: string) => (/^[a-z\d]{40}$/.test(value) ? value : undefined),
});
