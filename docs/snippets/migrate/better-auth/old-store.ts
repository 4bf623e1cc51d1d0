import { createHmac, timingSafeEqual } from 'node:crypto';
import type Database from 'libsql';
import type { OldStore } from '../old-sessions.js';

/** The token in a value of `better-auth.session_token`: `token.signature`, an HMAC-SHA256 by the secret. */
export function readSessionToken(value: string, secret: string): string | undefined {
  const [, token = '', signature = ''] = /^([^.%]+)\.([\w+/=%]+)$/.exec(value) ?? [];
  const given = Buffer.from(signature.replaceAll('%2B', '+').replaceAll('%2F', '/').replaceAll('%3D', '='), 'base64');
  const wanted = createHmac('sha256', secret).update(token).digest();
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? token : undefined;
}

interface Row {
  userId: string;
  createdAt: string;
  expiresAt: string;
}

/** The table `session`, where better-auth keeps tokens as they are. */
export function fromBetterAuth(db: Database.Database): OldStore<Record<string, never>> {
  const byToken = db.prepare('SELECT userId, createdAt, expiresAt FROM session WHERE token = ?');
  const shorten = db.prepare('UPDATE session SET expiresAt = min(expiresAt, ?) WHERE token = ?');
  return {
    find(token) {
      const row = byToken.get(token) as Row | undefined;
      if (row === undefined) return undefined;
      const [signedInAt, expiresAt] = [Date.parse(row.createdAt), Date.parse(row.expiresAt)];
      // Without "remember me" better-auth gives a day.
      return { user: row.userId, signedInAt, expiresAt, remember: expiresAt - signedInAt > 86_400_000, data: {} };
    },
    end(token, at) {
      shorten.run(new Date(at).toISOString(), token);
    },
  };
}
