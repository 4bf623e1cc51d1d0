import { createMemoryStorage, type Storage, type StoredRecord } from '@portcullis/core';
import { type FakeClock, fakeClock } from '@portcullis-internal/testkit';
import { type ExportOptions, exportRecords } from '../src/index.js';

export interface Key extends StoredRecord {
  readonly owner: string;
  readonly note?: string;
}

export const keys = { name: 'keys', indexes: ['owner'] as const };
export const notes = { name: 'notes' };

export interface Filled {
  readonly storage: Storage;
  readonly clock: FakeClock;
}

/** A storage with 25 keys, of which 5 expire in a minute, and one note. */
export async function filled(): Promise<Filled> {
  const clock = fakeClock();
  const storage = createMemoryStorage({ clock });
  for (let at = 0; at < 25; at += 1) {
    const record: Key = { id: `k${at}`, owner: `o${at % 3}`, createdAt: clock() + at, touchedAt: clock() + 1000 + at };
    await storage.collection<Key>(keys).create(at < 5 ? { ...record, expiresAt: clock() + 60_000 } : record);
  }
  await storage.collection<Key>(notes).create({ id: 'é 😀', owner: 'x', note: 'a\nb', createdAt: 1 });
  return { storage, clock };
}

export async function exported(
  { storage, clock }: Filled,
  options: Partial<ExportOptions> = {},
): Promise<readonly string[]> {
  const chunks: string[] = [];
  for await (const chunk of exportRecords(storage, { collections: [keys, notes], clock, pageSize: 4, ...options }))
    chunks.push(chunk);
  return chunks;
}

/** Text as a stream whose pieces break wherever `size` says, in the middle of characters too. */
export async function* stream(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.slice(at, at + size);
  }
}

export const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => (error as { readonly code?: unknown }).code,
  );
