import type { ApiKeys } from '@portcullis/api-key';
import { isPortcullisError } from '@portcullis/core';
import type { Identities } from '@portcullis/oauth-client';
import type Database from 'libsql';

// #region passwords
/** From the table `account` to the user's row. Before it: `ALTER TABLE user ADD COLUMN password_hash TEXT`. */
export function movePasswords(db: Database.Database): number {
  return db
    .prepare(
      `UPDATE user SET password_hash =
        (SELECT password FROM account WHERE account.userId = user.id AND providerId = 'credential')
      WHERE password_hash IS NULL
        AND id IN (SELECT userId FROM account WHERE providerId = 'credential' AND password IS NOT NULL)`,
    )
    .run().changes;
}
// #endregion passwords

// #region identities
/** better-auth's names, and whose subjects the `accountId`s are. */
const issuers: Readonly<Record<string, string>> = {
  google: 'https://accounts.google.com',
  github: 'https://github.com',
};

/** Who signs in with Google or GitHub goes on doing so, into the same account. */
export async function moveIdentities(db: Database.Database, identities: Pick<Identities, 'link'>) {
  const rows = db.prepare(
    `SELECT id, userId, providerId, accountId FROM account
    WHERE id > ? AND providerId <> 'credential' ORDER BY id LIMIT 500`,
  );
  const unknown = new Set<string>();
  let moved = 0;
  let last = '';
  for (;;) {
    const page = rows.all(last) as { id: string; userId: string; providerId: string; accountId: string }[];
    for (const { id, userId, providerId, accountId } of page) {
      last = id;
      const issuer = issuers[providerId];
      if (issuer === undefined) unknown.add(providerId);
      else {
        await identities.link({ issuer, subject: accountId, provider: providerId }, userId);
        moved += 1;
      }
    }
    if (page.length === 0) return { moved, unknown: [...unknown] };
  }
}
// #endregion identities

// #region keys
interface KeyRow {
  id: string;
  key: string;
  name: string | null;
  referenceId: string;
  createdAt: string;
  expiresAt: string | null;
  permissions: string | null;
  rateLimitEnabled: number | null;
  rateLimitMax: number | null;
  rateLimitTimeWindow: number | null;
  remaining: number | null;
  refillAmount: number | null;
  refillInterval: number | null;
}

/** `{"posts":["read"]}` as scopes: `posts:read`. */
function scopesOf(permissions: string | null): string[] | undefined {
  const granted = JSON.parse(permissions ?? 'null') as Record<string, string[]> | null;
  return granted ? Object.entries(granted).flatMap(([of, may]) => may.map((verb) => `${of}:${verb}`)) : undefined;
}

function limitsOf(row: KeyRow) {
  const { rateLimitEnabled, rateLimitMax, rateLimitTimeWindow, remaining, refillAmount, refillInterval } = row;
  const limited = rateLimitEnabled && rateLimitMax !== null && rateLimitTimeWindow !== null;
  const refill = refillAmount && refillInterval ? { amount: refillAmount, everyMs: refillInterval } : undefined;
  return {
    ...(limited && { rateLimit: { limit: rateLimitMax, windowMs: rateLimitTimeWindow } }),
    ...(remaining !== null && { quota: { limit: refillAmount ?? remaining, ...(refill && { refill }) } }),
  };
}

/** Live keys, by the hash that better-auth stored: their owners change nothing. */
export async function moveKeys(db: Database.Database, keys: Pick<ApiKeys, 'import'>, now = Date.now()) {
  const rows = db.prepare('SELECT * FROM apikey WHERE id > ? AND enabled = 1 ORDER BY id LIMIT 500');
  const count = { moved: 0, over: 0, there: 0 };
  let last = '';
  for (;;) {
    const page = rows.all(last) as KeyRow[];
    for (const row of page) {
      last = row.id;
      const expiresAt = row.expiresAt === null ? undefined : Date.parse(row.expiresAt);
      const usedUp = row.remaining === 0 && !row.refillAmount;
      if (usedUp || (expiresAt !== undefined && expiresAt <= now)) {
        count.over += 1;
        continue;
      }
      try {
        await keys.import({
          hash: row.key,
          owner: row.referenceId,
          name: row.name ?? 'moved',
          createdAt: Date.parse(row.createdAt),
          expiresAt,
          scopes: scopesOf(row.permissions),
          ...limitsOf(row),
        });
        count.moved += 1;
      } catch (error) {
        // From an earlier run.
        if (!isPortcullisError(error) || error.code !== 'key_exists') throw error;
        count.there += 1;
      }
    }
    if (page.length === 0) return count;
  }
}
// #endregion keys
