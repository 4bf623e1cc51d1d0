import { invalidOption } from '@portcullis/core/storage';
import { type Database, optionalText, send } from './driver.js';
import { RedisStorageError } from './errors.js';

/** Which indexes have every record in them. */
export interface IndexRegistry {
  isBuilt(collection: string, index: string): Promise<boolean>;
  /**
   * Asked once for each index, and then remembered.
   *
   * @throws RedisStorageError `storage_not_migrated`
   */
  assertBuilt(collection: string, index: string): Promise<void>;
  markBuilt(collection: string, index: string): Promise<void>;
}

/**
 * Checks what the names of a storage's keys begin with.
 *
 * @throws CoreError `invalid_option`
 */
export function checkPrefix(prefix: string): string {
  // Braces would put every key into one slot of a cluster.
  if (typeof prefix !== 'string' || !/^[A-Za-z0-9_.:-]{1,40}$/.test(prefix))
    throw invalidOption('prefix', 'use 1 to 40 letters, digits and _ . : -, without braces.');
  return prefix;
}

/**
 * The registry of a storage, a hash. A release that adds an index finds records of the release before, which no page of that index has:
 * a list, or a revocation, would be short without notice. So an index is not used until `migrate` has filed them.
 */
export function createIndexRegistry(database: Database, prefix: string): IndexRegistry {
  const key = `${prefix}migrations`;
  const built = new Set<string>();

  const isBuilt = async (collection: string, index: string): Promise<boolean> =>
    optionalText(await send(database, key, ['HGET', key, `${collection}.${index}`])) !== undefined;

  return Object.freeze({
    isBuilt,

    async assertBuilt(collection: string, index: string): Promise<void> {
      const name = `${collection}.${index}`;
      if (built.has(name)) return;
      if (!(await isBuilt(collection, index)))
        throw new RedisStorageError(
          'storage_not_migrated',
          `The index ${name} was not built. Call migrate() before the first use.`,
        );
      built.add(name);
    },

    async markBuilt(collection: string, index: string): Promise<void> {
      await send(database, key, ['HSET', key, `${collection}.${index}`, '1']);
    },
  });
}
