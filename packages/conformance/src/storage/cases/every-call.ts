import type { CallOptions } from '@portcullis/core/storage';
import type { ConformanceItem, StorageContext } from '../storage-case.js';

/** Every call of the contract, by name, upon one record. None of them may do without the backend. */
export function everyCall(
  { storage, items, item, now }: Pick<StorageContext, 'storage' | 'items' | 'item' | 'now'>,
  record: ConformanceItem,
  version: string,
): Readonly<Record<string, (call?: CallOptions) => unknown>> {
  const rule = { algorithm: 'fixed-window', limit: 3, windowMs: 1000 } as const;
  return {
    create: (call) => items.create(item(), call),
    get: (call) => items.get(record.id, call),
    fresh: (call) => items.get(record.id, { ...call, fresh: true }),
    update: (call) => items.update(record.id, version, { ...record, data: 2 }, call),
    touch: (call) => items.touch([{ id: record.id, touchedAt: now() }], call),
    take: (call) => items.take(record.id, call),
    delete: (call) => items.delete(record.id, call),
    list: (call) => items.list({ index: 'owner', value: record.owner, limit: 10 }, call),
    deleteWhere: (call) => items.deleteWhere('owner', record.owner, call),
    scan: (call) => items.scan({ limit: 10 }, call),
    deleteExpired: (call) => items.deleteExpired(10, call),
    consume: (call) => storage.counters.consume(record.id, rule, call),
    reset: (call) => storage.counters.reset(record.id, call),
  };
}
