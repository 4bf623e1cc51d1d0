import type { Clock } from '../runtime/environment.js';
import { type Expiring, createExpiryBuckets } from './expiry-buckets.js';
import { decodeCursor, encodeCursor } from './record-order.js';
import { type RecordRules, checkBatch, checkLimit, checkTouches, indexValue, invalidRecord } from './record-rules.js';
import { type SortedRecords, createSortedRecords } from './sorted-records.js';
import { assertNotAborted } from './storage-call.js';
import type {
  CallOptions,
  Collection,
  ListQuery,
  Page,
  ScanQuery,
  Stored,
  StoredRecord,
  StringField,
  Touch,
  Version,
} from './storage.js';

// A minute, not the hour of the databases: what a full storage looks through at once stays small.
const bucketMs = 60_000;

interface Entry<T> extends Expiring {
  readonly id: string;
  readonly createdAt: number;
  /** Where it stands in a scan. */
  readonly sequence: number;
  stored: Stored<T>;
}

/** What the collections of one memory storage share. */
export interface MemoryShared {
  readonly clock: Clock;
  /** A number that was never given before. */
  next(): number;
  /** @throws CoreError `storage_full` when there is no room for one more record */
  claim(now: number): void;
  release(): void;
}

/** A collection in this process, and how the storage makes room in it. */
export interface MemoryCollection<T extends StoredRecord> {
  readonly collection: Collection<T>;
  /** Drops every expired record. */
  reclaim(now: number): void;
}

/** One collection of a memory storage: maps, sorted index entries, and expiry by buckets. Every call answers at once. */
export function createMemoryCollection<T extends StoredRecord>(
  rules: RecordRules<T>,
  shared: MemoryShared,
): MemoryCollection<T> {
  const { clock } = shared;
  const entries = new Map<string, Entry<T>>();
  const indexes = new Map<string, Map<string, SortedRecords<Entry<T>>>>(
    rules.indexes.map((index) => [index, new Map()]),
  );
  const expiry = createExpiryBuckets<Entry<T>>(bucketMs);
  let scanner: { readonly after: number; readonly rest: IterableIterator<Entry<T>> } | undefined;

  const link = (entry: Entry<T>): void => {
    for (const [index, values] of indexes) {
      const value = indexValue(entry.stored.record, index) as string | undefined;
      if (value === undefined) continue;
      let members = values.get(value);
      if (members === undefined) values.set(value, (members = createSortedRecords()));
      members.add(entry);
    }
  };

  const unlink = (entry: Entry<T>): void => {
    for (const [index, values] of indexes) {
      const value = indexValue(entry.stored.record, index) as string | undefined;
      const members = value === undefined ? undefined : values.get(value);
      if (value === undefined || members === undefined) continue;
      members.remove(entry);
      if (members.size() === 0) values.delete(value);
    }
  };

  const drop = (entry: Entry<T>): void => {
    entries.delete(entry.id);
    unlink(entry);
    expiry.remove(entry);
    shared.release();
  };

  const membersOf = (index: StringField<T>, value: string): SortedRecords<Entry<T>> | undefined => {
    rules.assertIndex(index);
    return indexes.get(index)?.get(value);
  };

  const collection: Collection<T> = {
    create(record: T, call?: CallOptions): Version | undefined {
      assertNotAborted(call);
      const data = rules.parse(record);
      const now = clock();
      const existing = entries.get(data.id);
      if (existing !== undefined) {
        if (existing.expiresAt > now) return undefined;
        drop(existing);
      }
      // Two for each new one, so that garbage shrinks while records arrive and no call pays for all of it.
      expiry.sweep(now, 2, drop);
      shared.claim(now);
      const sequence = shared.next();
      const version = sequence.toString(36);
      const entry: Entry<T> = {
        id: data.id,
        createdAt: data.createdAt,
        sequence,
        stored: Object.freeze({ record: data, version }),
        expiresAt: data.expiresAt ?? Infinity,
        bucket: -1,
      };
      entries.set(data.id, entry);
      link(entry);
      expiry.add(entry);
      return version;
    },

    get(id: string, call?: CallOptions): Stored<T> | undefined {
      if (call !== undefined) assertNotAborted(call);
      const entry = entries.get(id);
      if (entry === undefined) return undefined;
      return entry.expiresAt === Infinity || entry.expiresAt > clock() ? entry.stored : undefined;
    },

    update(id: string, version: Version, record: T, call?: CallOptions): Version | undefined {
      assertNotAborted(call);
      const data = rules.parse(record);
      if (data.id !== id) throw invalidRecord(rules.name, 'the record to update has another id.');
      const entry = entries.get(id);
      if (entry === undefined || entry.expiresAt <= clock() || entry.stored.version !== version) return undefined;
      const previous = entry.stored.record;
      rules.assertSameIdentity(previous, data);
      const next = shared.next().toString(36);
      entry.stored = Object.freeze({ record: keepTouch(previous, data), version: next });
      expiry.move(entry, data.expiresAt ?? Infinity);
      return next;
    },

    touch(touches: readonly Touch[], call?: CallOptions): void {
      assertNotAborted(call);
      checkTouches(rules.name, touches);
      const now = clock();
      for (const touch of touches) {
        const entry = entries.get(touch.id);
        if (entry === undefined || entry.expiresAt <= now) continue;
        const { record, version } = entry.stored;
        const touchedAt = Math.max(record.touchedAt ?? 0, touch.touchedAt);
        const expiresAt = Math.max(entry.expiresAt, touch.expiresAt ?? 0);
        if (touchedAt === record.touchedAt && expiresAt === entry.expiresAt) continue;
        const touched = expiresAt === Infinity ? { ...record, touchedAt } : { ...record, touchedAt, expiresAt };
        entry.stored = Object.freeze({ record: Object.freeze(touched), version });
        expiry.move(entry, expiresAt);
      }
    },

    take(id: string, call?: CallOptions): T | undefined {
      assertNotAborted(call);
      const entry = entries.get(id);
      if (entry === undefined) return undefined;
      drop(entry);
      return entry.expiresAt > clock() ? entry.stored.record : undefined;
    },

    delete(id: string, call?: CallOptions & { readonly version?: Version }): boolean {
      assertNotAborted(call);
      const entry = entries.get(id);
      if (entry === undefined || (call?.version !== undefined && call.version !== entry.stored.version)) return false;
      drop(entry);
      return entry.expiresAt > clock();
    },

    list(query: ListQuery<T>, call?: CallOptions): Page<Stored<T>> {
      assertNotAborted(call);
      checkLimit(query.limit);
      const members = membersOf(query.index, query.value);
      const from = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
      const now = clock();
      const page: Entry<T>[] = [];
      let more = false;
      members?.newestFirst(from, (entry) => {
        if (entry.expiresAt <= now) return true;
        if (page.length === query.limit) more = true;
        else page.push(entry);
        return !more;
      });
      const last = page.at(-1);
      return {
        items: page.map((entry) => entry.stored),
        ...(more && last !== undefined ? { cursor: encodeCursor(last) } : {}),
      };
    },

    deleteWhere(index: StringField<T>, value: string, call?: CallOptions & { readonly except?: string }): number {
      assertNotAborted(call);
      const members: Entry<T>[] = [];
      membersOf(index, value)?.newestFirst(undefined, (entry) => members.push(entry) > 0);
      const now = clock();
      let deleted = 0;
      for (const entry of members) {
        if (entry.id === call?.except) continue;
        drop(entry);
        if (entry.expiresAt > now) deleted += 1;
      }
      return deleted;
    },

    scan(query: ScanQuery, call?: CallOptions): Page<Stored<T>> {
      assertNotAborted(call);
      checkLimit(query.limit);
      const after = query.cursor === undefined ? -1 : decodeCursor(query.cursor).createdAt;
      const now = clock();
      // A map gives its entries in the order of their sequence. Going on where the last page ended spares the walk to there.
      const rest = scanner !== undefined && scanner.after === after ? scanner.rest : entries.values();
      const page: Entry<T>[] = [];
      for (let step = rest.next(); step.done !== true; step = rest.next()) {
        const entry = step.value;
        if (entry.sequence <= after || entry.expiresAt <= now) continue;
        page.push(entry);
        if (page.length === query.limit) break;
      }
      const last = page.length === query.limit ? page.at(-1) : undefined;
      scanner = last === undefined ? undefined : { after: last.sequence, rest };
      const items = page.map((entry) => entry.stored);
      return last === undefined ? { items } : { items, cursor: encodeCursor({ createdAt: last.sequence, id: 'scan' }) };
    },

    deleteExpired(limit: number, call?: CallOptions): number {
      assertNotAborted(call);
      checkBatch(limit);
      return expiry.sweep(clock(), limit, drop);
    },
  };

  return Object.freeze({
    collection: Object.freeze(collection),
    reclaim: (now: number): void => void expiry.sweepAll(now, drop),
  });
}

/**
 * The new state of a record, with the later of both `touchedAt`: a touch that came between the read and the update is not undone.
 */
function keepTouch<T extends StoredRecord>(previous: T, next: T): T {
  const touchedAt = Math.max(previous.touchedAt ?? -1, next.touchedAt ?? -1);
  return touchedAt < 0 || touchedAt === next.touchedAt ? next : Object.freeze({ ...next, touchedAt });
}
