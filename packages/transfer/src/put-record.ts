import type { Clock, Collection, StoredRecord } from '@portcullis/core';
import { canonical } from './tally.js';

/** What became of a record. */
export type PutOutcome = 'created' | 'present' | 'replaced' | 'conflicts' | 'expired';

// Between the two calls of an attempt another process may delete or create: rare, and each attempt begins anew.
const attempts = 10;

/** Creates a record as it is, unless it is there or has expired. */
export async function putRecord(
  collection: Collection<StoredRecord>,
  record: StoredRecord,
  { clock, onConflict }: { readonly clock: Clock; readonly onConflict: 'report' | 'replace' },
): Promise<PutOutcome> {
  let replacing = false;
  for (let left = attempts; left > 0; left -= 1) {
    if (record.expiresAt !== undefined && record.expiresAt <= clock()) return 'expired';
    if ((await collection.create(record)) !== undefined) return replacing ? 'replaced' : 'created';
    const there = await collection.get(record.id, { fresh: true });
    if (there === undefined) continue;
    if (canonical(there.record) === canonical(record)) return 'present';
    if (onConflict === 'report') return 'conflicts';
    // Not an update: that keeps the later touchedAt and refuses another createdAt. A crash in between is mended by running again.
    replacing = (await collection.delete(record.id, { version: there.version })) || replacing;
  }
  return 'conflicts';
}
