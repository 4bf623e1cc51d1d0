import {
  type Collection,
  type CollectionDefinition,
  type StoredRecord,
  createRecordRules,
  invalidOption,
  leaseCollection,
} from '@portcullis/core/storage';
import { type CollectionContext, createCollection } from './collection.js';
import { type TableSchema, collectionSchema, countersSchema } from './migrations.js';

/** The collections of one storage that were asked for so far. */
export interface Registry {
  collection<T extends StoredRecord>(definition: CollectionDefinition<T>): Collection<T>;
  /** The tables that they need, and that of the counters. */
  tables(): readonly TableSchema[];
}

/** @throws CoreError `invalid_option` from `collection`, for one that is in use with other indexes */
export function createRegistry(context: CollectionContext): Registry {
  const { prefix } = context;
  const collections = new Map<
    string,
    { readonly schema: TableSchema; readonly collection: Collection<StoredRecord> }
  >();

  const collection = <T extends StoredRecord>(definition: CollectionDefinition<T>): Collection<T> => {
    const rules = createRecordRules(definition);
    const schema = collectionSchema(rules, prefix);
    const known = collections.get(rules.name);
    if (known !== undefined) {
      if (namesOf(known.schema) !== namesOf(schema))
        throw invalidOption('collection.indexes', `${rules.name} is in use with other indexes. Define it once.`);
      return known.collection as unknown as Collection<T>;
    }
    const created = createCollection(rules, context);
    collections.set(rules.name, { schema, collection: created as unknown as Collection<StoredRecord> });
    return created;
  };
  // withLease works on every storage without a word from the application.
  collection(leaseCollection);

  return Object.freeze({
    collection,
    tables: () => [countersSchema(prefix), ...[...collections.values()].map(({ schema }) => schema)],
  });
}

function namesOf(schema: TableSchema): string {
  return schema.columns
    .map(({ name }) => name)
    .sort()
    .join();
}
