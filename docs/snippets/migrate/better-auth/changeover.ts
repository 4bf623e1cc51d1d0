import type Database from 'libsql';
import { fromBetterAuth, readSessionToken } from './old-store.js';

/** What `createOldSessions` takes of better-auth. On plain http the cookie's name has no `__Secure-`. */
export const betterAuthSessions = (db: Database.Database, secret: string) => ({
  store: fromBetterAuth(db),
  cookie: {
    name: '__Secure-better-auth.session_token',
    attributes: { path: '/', httpOnly: true, secure: true, sameSite: 'lax' as const },
  },
  readToken: (value: string) => readSessionToken(value, secret),
});
