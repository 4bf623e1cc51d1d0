import { type CollectionDefinition, modify, sha256, type Storage, type StoredRecord } from '@portcullis/core';
import { unsealData } from 'iron-session';
import type { OldStore } from '../old-sessions.js';
import type { Data } from './before.js';

interface Ended extends StoredRecord {
  readonly endsAt: number;
}

/** Which seals have been swapped. For migrations. */
export const endedSealCollection: CollectionDefinition<Ended> = { name: 'ended_seals' };

interface Parts {
  readonly storage: Storage;
  /** As iron-session had them. */
  readonly password: string | Record<string, string>;
  readonly ttl?: number;
  /** As `createOldSessions` has it: so long it must be known which seals have been swapped. */
  readonly until: number;
  readonly clock?: () => number;
}

/** Sealed cookies, whose token is the seal: nothing of them is on the server, so what ends one is written down here. */
export function fromSeals({ storage, password, ttl, until, clock = Date.now }: Parts): OldStore<{ theme: string }> {
  const ended = storage.collection(endedSealCollection);
  return {
    async find(seal) {
      // Empty for a seal that was changed, has expired, or is of another password; an error for what is no seal at all.
      const data = await unsealData<Data>(seal, { password, ...(ttl !== undefined && { ttl }) }).catch(
        () => ({}) as Data,
      );
      if (typeof data.user !== 'string') return undefined;
      const end = await ended.get(sha256(seal), { fresh: true });
      if (end !== undefined && end.record.endsAt <= clock()) return undefined;
      const { user, signedInAt = 0, theme = 'light' } = data;
      return { user, signedInAt, remember: true, data: { theme } };
    },
    async end(seal, at) {
      const id = sha256(seal);
      await modify(ended, id, (row) => ({
        id,
        createdAt: row?.createdAt ?? clock(),
        endsAt: Math.min(at, row?.endsAt ?? at),
        expiresAt: until,
      }));
    },
  };
}
