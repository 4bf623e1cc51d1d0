import { type CollectionDefinition, modify, sha256, type Storage, type StoredRecord } from '@portcullis/core';
import type { OldSession, OldStore } from './old-sessions.js';

interface MovedSession extends StoredRecord {
  readonly session: OldSession<unknown>;
}

/** Give it to `migrate` or `migrations` of a SQL storage as well. */
export const movedSessionCollection: CollectionDefinition<MovedSession> = { name: 'moved_sessions' };

/** Old sessions in our storage, under the SHA-256 of their token: a thief of these rows has nothing. */
export function createMovedSessions<D>({ storage, clock = Date.now }: { storage: Storage; clock?: () => number }) {
  const rows = storage.collection(movedSessionCollection);
  const moved: OldStore<D> = {
    async find(token) {
      const stored = await rows.get(sha256(token), { fresh: true });
      if (stored === undefined) return undefined;
      const { session, expiresAt } = stored.record;
      return { ...(session as OldSession<D>), expiresAt };
    },
    async end(token, at) {
      if (at <= clock()) await rows.delete(sha256(token));
      else
        await modify(
          rows,
          sha256(token),
          (row) => row && { ...row, expiresAt: Math.min(at, row.expiresAt ?? Infinity) },
        );
    },
  };

  return {
    /** Looks here first, then where the rest still is. */
    with: (live: OldStore<D>): OldStore<D> => ({
      find: async (token) => (await moved.find(token)) ?? live.find(token),
      async end(token, at) {
        await live.end(token, at);
        await moved.end(token, at);
      },
    }),

    /** Takes over what is left. Each session is written here before it is ended there; after a failure, run it again. */
    async take(tokens: AsyncIterable<string>, live: OldStore<D>): Promise<{ moved: number; left: number }> {
      const count = { moved: 0, left: 0 };
      for await (const token of tokens) {
        const session = await live.find(token);
        if (session === undefined) {
          count.left += 1;
          continue;
        }
        const { expiresAt } = session;
        await rows.create({ id: sha256(token), createdAt: clock(), session, ...(expiresAt && { expiresAt }) });
        // Signed out or swapped while it was written: then it must not live on here.
        const still = await live.find(token);
        if (still === undefined || still.expiresAt !== expiresAt) await moved.end(token, still?.expiresAt ?? 0);
        await live.end(token, clock());
        count.moved += 1;
      }
      return count;
    },

    /** When nothing is left there. */
    alone: moved,
  };
}
