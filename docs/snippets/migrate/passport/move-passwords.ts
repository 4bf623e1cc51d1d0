import type Database from 'libsql';

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '');

/**
 * Writes `hashed_password` and `salt` of Passport's tutorial as one PHC string. Nothing is hashed, so it takes seconds. Before it:
 * `ALTER TABLE users ADD COLUMN password_hash TEXT`. It may be run again: what is there already stays.
 */
export function movePasswords(db: Database.Database): number {
  const set = db.prepare('UPDATE users SET password_hash = ? WHERE id = ? AND password_hash IS NULL');
  const rows = db.prepare(
    'SELECT id, hashed_password, salt FROM users WHERE id > ? AND hashed_password IS NOT NULL ORDER BY id LIMIT 500',
  );
  let moved = 0;
  let last = 0;
  for (;;) {
    const page = rows.all(last) as { id: number; hashed_password: Uint8Array; salt: Uint8Array }[];
    for (const { id, hashed_password, salt } of page) {
      last = id;
      // 310000 and sha256 are what your strategy passes to crypto.pbkdf2.
      moved += set.run(`$pbkdf2-sha256$i=310000$${base64(salt)}$${base64(hashed_password)}`, id).changes;
    }
    if (page.length === 0) return moved;
  }
}

/** A new password. The old columns go, or going back would bring the old password back. */
export function storePassword(db: Database.Database, id: number, hash: string): void {
  db.prepare('UPDATE users SET password_hash = ?, hashed_password = NULL, salt = NULL WHERE id = ?').run(hash, id);
}
