import type { ApiKeys } from '@portcullis/api-key';
import type { KeyRing, Secret } from '@portcullis/core';
import type { RotatingSigningKeys } from '@portcullis/jwt';
import type { TokenVault } from '@portcullis/oauth-client';

// #region api-key
/** A new secret under the same id. The old one goes on for a day, so that nothing stops while it is exchanged. */
export async function rotateKey(keys: ApiKeys, id: string, owner: string): Promise<Secret> {
  const { key } = await keys.rotate(id, { owner, graceMs: 24 * 3_600_000 });
  return key; // show it once
}

/** Who has not exchanged it yet. When this stays silent, everybody has. */
export function watchOldKeys(keys: ApiKeys, tell: (id: string) => void): void {
  keys.on('api_key.old_key_seen', ({ keyId }) => tell(keyId));
}
// #endregion api-key

// #region ring
/** Four configurations. Roll each out to every process before the next. */
export function ringSteps(old: string, fresh: string): readonly KeyRing[] {
  return [
    { current: 'k1', keys: { k1: old } },
    { current: 'k1', keys: { k1: old, k2: fresh } }, // everybody can read what the new key makes
    { current: 'k2', keys: { k1: old, k2: fresh } }, // now it makes
    { current: 'k2', keys: { k2: fresh } }, // when nothing of the old one is alive any more
  ];
}
// #endregion ring

// #region signing
/** By hand, ahead of the 30 days: the new key is published for an hour, then signs. Nobody is logged out. */
export async function rotateSigningKey(signingKeys: RotatingSigningKeys): Promise<string> {
  return signingKeys.rotate();
}
// #endregion signing

// #region vault
/** Seals every grant anew under the current key. Then, and only then, may the old one leave the ring. */
export async function resealVault(vault: TokenVault): Promise<number> {
  let unreadable = 0;
  let cursor: string | undefined;
  do {
    const page = await vault.reseal({ cursor });
    unreadable += page.unreadable;
    cursor = page.cursor;
  } while (cursor !== undefined);
  return unreadable; // grants that no key opens: those users connect again
}
// #endregion vault
