import { compareRecords, type Stored } from '@portcullis/core/storage';
import type { ConformanceItem } from './storage-case.js';

interface Row {
  record: ConformanceItem;
  version: string;
}

/**
 * The storage contract at its plainest: a map that is looked through from end to end. It invents no versions: it takes those that the
 * storage under test gave, and answers only whether one should have been given.
 */
export interface StorageModel {
  readonly get: (id: string, now: number) => Stored<ConformanceItem> | undefined;
  /** Every version that an id ever had. */
  readonly versions: (id: string) => readonly string[];
  readonly put: (record: ConformanceItem, version: string) => void;
  readonly update: (record: ConformanceItem, version: string) => void;
  readonly touch: (id: string, touchedAt: number, expiresAt: number | undefined, now: number) => void;
  readonly remove: (id: string) => void;
  readonly owned: (owner: string, now: number) => readonly Stored<ConformanceItem>[];
}

/** An empty model. */
export function createStorageModel(): StorageModel {
  const rows = new Map<string, Row>();
  const history = new Map<string, string[]>();
  const living = (row: Row | undefined, now: number): row is Row =>
    row !== undefined && (row.record.expiresAt ?? Infinity) > now;
  const put = (record: ConformanceItem, version: string): void => {
    rows.set(record.id, { record, version });
    history.set(record.id, [...(history.get(record.id) ?? []), version]);
  };

  return {
    get(id, now) {
      const row = rows.get(id);
      return living(row, now) ? { ...row } : undefined;
    },
    versions: (id) => history.get(id) ?? [],
    put,
    update(record, version) {
      const before = rows.get(record.id)?.record.touchedAt;
      const touchedAt = before === undefined ? record.touchedAt : Math.max(before, record.touchedAt ?? 0);
      put(touchedAt === undefined ? record : { ...record, touchedAt }, version);
    },
    touch(id, touchedAt, expiresAt, now) {
      const row = rows.get(id);
      if (!living(row, now)) return;
      const { record } = row;
      const moved = record.expiresAt === undefined ? {} : { expiresAt: Math.max(record.expiresAt, expiresAt ?? 0) };
      row.record = { ...record, touchedAt: Math.max(record.touchedAt ?? 0, touchedAt), ...moved };
    },
    remove: (id) => void rows.delete(id),
    owned: (owner, now) =>
      [...rows.values()]
        .filter((row) => row.record.owner === owner && living(row, now))
        .toSorted((left, right) => compareRecords(right.record, left.record))
        .map((row) => ({ ...row })),
  };
}
