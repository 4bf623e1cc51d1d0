import { invalidOption } from '../errors/core-errors.js';
import { createRecordRules, type RecordRules } from './record-rules.js';
import type { Collection, CollectionDefinition, StoredRecord } from './storage.js';

/** The collections of one storage that were asked for so far. */
export interface CollectionRegistry<More> {
  /** The collection of a definition, made when it is first asked for. @throws {CoreError} `invalid_option` for one that is in use with other indexes */
  collection<T extends StoredRecord>(definition: CollectionDefinition<T>): Collection<T>;
  /** What was made beside each collection, in the order in which they were asked for. */
  all(): readonly More[];
}

interface Known<More> {
  readonly indexes: string;
  readonly collection: Collection<StoredRecord>;
  readonly more: More;
}

/**
 * Keeps one collection for each name.
 *
 * @param make makes a collection, and what the adapter wants to know of it later: its table, for migrations
 */
export function createCollectionRegistry<More>(
  make: <T extends StoredRecord>(rules: RecordRules<T>) => { readonly collection: Collection<T>; readonly more: More },
): CollectionRegistry<More> {
  const registered = new Map<string, Known<More>>();
  return Object.freeze({
    collection<T extends StoredRecord>(definition: CollectionDefinition<T>): Collection<T> {
      const rules = createRecordRules(definition);
      const indexes = [...rules.indexes].sort().join();
      const known = registered.get(rules.name);
      if (known !== undefined) {
        if (known.indexes !== indexes)
          throw invalidOption('collection.indexes', `${rules.name} is in use with other indexes. Define it once.`);
        return known.collection as unknown as Collection<T>;
      }
      const { collection, more } = make(rules);
      registered.set(rules.name, { indexes, collection: collection as unknown as Collection<StoredRecord>, more });
      return collection;
    },
    all: () => [...registered.values()].map(({ more }) => more),
  });
}
