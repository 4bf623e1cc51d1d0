import {
  type AuthRequest,
  type Collection,
  createMemoryStorage,
  type MaybePromise,
  type Storage,
  type StoredRecord,
} from '@portcullis/core';
import { type FakeClock, fakeClock } from '@portcullis-internal/testkit';
import { type ApiKeys, type ApiKeysOptions, createApiKeys } from '../src/index.js';

export type Options = Partial<ApiKeysOptions<'live' | 'test'>>;

export interface Setup {
  readonly keys: ApiKeys<'live' | 'test'>;
  readonly storage: Storage;
  readonly clock: FakeClock;
  /** Every event, as JSON. */
  readonly events: Record<string, unknown>[];
}

/** Keys of brand `acme` on memory storage with a clock that stands still. */
export function setup(options: Options = {}): Setup {
  const clock = fakeClock();
  const storage = options.storage ?? createMemoryStorage({ clock });
  const keys = createApiKeys({ brand: 'acme', defaultScopes: [], clock, ...options, storage });
  const events: Record<string, unknown>[] = [];
  keys.on('*', (event) => void events.push(JSON.parse(JSON.stringify(event)) as Record<string, unknown>));
  return { keys, storage, clock, events };
}

/** The same storage with every call counted, and answered a turn later. */
export function asyncStorage(inner: Storage): { readonly storage: Storage; readonly calls: string[] } {
  const calls: string[] = [];
  const later = async <R>(name: string, work: () => MaybePromise<R>): Promise<R> => {
    calls.push(name);
    await Promise.resolve();
    return work();
  };
  const wrap = <T extends StoredRecord>(name: string, collection: Collection<T>): Collection<T> => ({
    create: (record, call) => later(`${name}.create`, () => collection.create(record, call)),
    get: (id, call) => later(`${name}.get`, () => collection.get(id, call)),
    update: (id, version, record, call) => later(`${name}.update`, () => collection.update(id, version, record, call)),
    touch: (entries, call) => later(`${name}.touch`, () => collection.touch(entries, call)),
    take: (id, call) => later(`${name}.take`, () => collection.take(id, call)),
    delete: (id, call) => later(`${name}.delete`, () => collection.delete(id, call)),
    list: (query, call) => later(`${name}.list`, () => collection.list(query, call)),
    deleteWhere: (index, value, call) => later(`${name}.deleteWhere`, () => collection.deleteWhere(index, value, call)),
    scan: (query, call) => later(`${name}.scan`, () => collection.scan(query, call)),
    deleteExpired: (limit, call) => later(`${name}.deleteExpired`, () => collection.deleteExpired(limit, call)),
  });
  const storage: Storage = {
    collection: (definition) => wrap(definition.name, inner.collection(definition)),
    counters: {
      consume: (key, rule, options) => later('consume', () => inner.counters.consume(key, rule, options)),
      reset: (key, call) => later('reset', () => inner.counters.reset(key, call)),
    },
    capabilities: inner.capabilities,
    ...(inner.bus !== undefined && { bus: inner.bus }),
  };
  return { storage, calls };
}

/** A request with these header fields, in order; names in lower case. */
export function request(fields: readonly (readonly [string, string])[], ip?: string): AuthRequest {
  const values = (name: string): readonly string[] =>
    fields.filter(([field]) => field === name).map(([, value]) => value);
  return { method: 'GET', url: '/', ip, header: (name) => values(name)[0], headerValues: values };
}
