import { type Collection, type Storage, StorageUnavailableError, type StoredRecord } from '@portcullis/core';

/** Runs before or after an operation of a collection; throws or waits for ever to break it. */
export type Fault = (operation: string, when: 'before' | 'after') => void | Promise<void>;

/** A storage whose operations a test breaks. */
export function faultyStorage(storage: Storage): {
  readonly storage: Storage;
  setFault(fault: Fault | undefined): void;
} {
  let fault: Fault | undefined;
  const wrap = <T extends StoredRecord>(collection: Collection<T>): Collection<T> =>
    // Not over the collection itself: it may be frozen, and then a proxy must give what it holds.
    new Proxy({} as Collection<T>, {
      get(_target, name) {
        const operation = Reflect.get(collection, name) as (...all: unknown[]) => unknown;
        return async (...all: unknown[]) => {
          await fault?.(String(name), 'before');
          const result = await operation.apply(collection, all);
          await fault?.(String(name), 'after');
          return result;
        };
      },
    });
  return {
    storage: { ...storage, collection: (definition) => wrap(storage.collection(definition)) },
    setFault(next) {
      fault = next;
    },
  };
}

const writes = new Set(['create', 'update', 'delete', 'take']);

/** Every write fails, as on a read-only replica. */
export const readOnly: Fault = (operation, when) => {
  if (when === 'before' && writes.has(operation)) throw new StorageUnavailableError();
};

export const outage: Fault = () => {
  throw new StorageUnavailableError();
};
