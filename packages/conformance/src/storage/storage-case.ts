import type {
  Clock,
  Collection,
  CollectionDefinition,
  Storage,
  StorageCapabilities,
  StoredRecord,
} from '@portcullis/core/storage';
import { leaseCollection } from '@portcullis/core/storage';
import type { StorageTestId } from './storage-test-ids.js';

/** The record that the suite stores. */
export interface ConformanceItem extends StoredRecord {
  readonly owner: string;
  readonly tenant?: string;
  readonly data?: unknown;
}

/** Definitions of every collection the suite uses: migrate them before the storage is handed over. */
export const conformanceCollections: readonly CollectionDefinition<ConformanceItem>[] = Object.freeze([
  { name: 'conformance_items', indexes: ['owner', 'tenant'] },
  { name: 'conformance_scan', indexes: ['owner'] },
  { name: 'conformance_sweep', indexes: ['owner'] },
  { name: leaseCollection.name },
] satisfies CollectionDefinition<ConformanceItem>[]);

/** How much the suite does: smaller figures for a slow network, larger ones to look for rare races. */
export interface StorageSuiteScale {
  /** Members of the largest `deleteWhere`. Default 2,000. */
  readonly members?: number;
  /** Units of the concurrent counter test. Default 10,000. */
  readonly increments?: number;
  /** Random command sequences that are compared with the model. Default 60. */
  readonly modelRuns?: number;
}

/** What a case works with. */
export interface StorageContext {
  readonly storage: Storage;
  readonly items: Collection<ConformanceItem>;
  readonly collection: (name: 'conformance_scan' | 'conformance_sweep') => Collection<ConformanceItem>;
  readonly now: Clock;
  readonly advance: (ms: number) => void;
  readonly capabilities: StorageCapabilities;
  readonly scale: Required<StorageSuiteScale>;
  /** The same records as another process has them, whose clock is this one. */
  readonly another: (clock: Clock) => Promise<Storage>;
  /** Makes every call to the backend fail until the function returned is called. */
  readonly breakIt: () => Promise<() => Promise<void>>;
  /** Keeps back every answer of the backend until the function returned is called. */
  readonly hang: () => Promise<() => Promise<void>>;
  /** A short string that no other test uses. */
  readonly unique: () => string;
  /** A record with an id and owner of its own, created now. */
  readonly item: (fields?: Partial<ConformanceItem>) => ConformanceItem;
}

/** One statement about every storage, and what proves it. */
export interface StorageCase {
  readonly id: StorageTestId;
  readonly title: string;
  readonly run: (context: StorageContext) => void | Promise<void>;
}

/** The code of the error that `work` throws or rejects with; `undefined` when it does neither. */
export async function codeOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error
      ? String(error.code)
      : `not coded: ${String(error)}`;
  }
}

/** Starts `count` calls without waiting between them, and waits for all. */
export function race<R>(count: number, work: (index: number) => R | PromiseLike<R>): Promise<Awaited<R>[]> {
  return Promise.all(Array.from({ length: count }, async (_, index) => work(index)));
}

/** Every item of an index value, page by page. */
export async function listAll(
  items: Collection<ConformanceItem>,
  index: 'owner' | 'tenant',
  value: string,
  limit = 100,
): Promise<ConformanceItem[]> {
  const found: ConformanceItem[] = [];
  let cursor: string | undefined;
  do {
    const page = await items.list({ index, value, limit, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.items.map((stored) => stored.record));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}
