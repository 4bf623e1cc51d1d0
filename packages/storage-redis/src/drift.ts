import { type CollectionShape } from '@portcullis/core/storage';
import { type Database, text } from './driver.js';
import type { IndexRegistry } from './migrations.js';

/** Something that the server does not have as this storage needs it. */
export interface Drift {
  /**
   * `missing_index`: migrate() builds it. `evicts`: a full server forgets living records, a revocation's among them; set
   * `maxmemory-policy noeviction`. `not_durable`: the storage says `durable`, and the server does not sync each write.
   */
  readonly kind: 'missing_index' | 'evicts' | 'not_durable';
  /** The collection's index, or the server's setting. */
  readonly name: string;
}

/** What differs between the server, or any primary of a cluster, and what a storage needs. Only reads. */
export async function findDrift(
  {
    database,
    registry,
    durable,
  }: { readonly database: Database; readonly registry: IndexRegistry; readonly durable: boolean },
  definitions: readonly CollectionShape[],
): Promise<readonly Drift[]> {
  const drifts: Drift[] = [];
  for (const { name, indexes = [] } of definitions) {
    for (const index of indexes)
      if (!(await registry.isBuilt(name, index))) drifts.push({ kind: 'missing_index', name: `${name}.${index}` });
  }
  const infos = await Promise.all([
    database.driver.everywhere(['INFO', 'memory']),
    database.driver.everywhere(['INFO', 'persistence']),
  ]);
  const [memory, persistence] = infos.map((answers) => answers.map(text));
  const evicts = memory?.some((info) => (setting(info, 'maxmemory_policy') ?? 'noeviction') !== 'noeviction');
  if (evicts === true) drifts.push({ kind: 'evicts', name: 'maxmemory-policy' });
  if (durable && persistence?.some((info) => setting(info, 'aof_enabled') !== '1') === true)
    drifts.push({ kind: 'not_durable', name: 'appendonly' });
  return drifts;
}

function setting(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(\\S*)`, 'm').exec(info)?.[1];
}
