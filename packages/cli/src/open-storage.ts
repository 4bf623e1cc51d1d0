import type { MaybePromise, Storage } from '@portcullis/core';
import type { PortcullisConfig } from './config.js';
import { CommandError, UsageError } from './failures.js';
import { openMysql, openPostgres, openSqlite } from './open-sql.js';
import { openRedis } from './open-redis.js';
import type { FoundDrift, OpenedStorage, OpenUrlOptions } from './opened-storage.js';
import { parseStorageUrl } from './storage-url.js';

/** Opens the storage of a URL, with the client library of the user's project. */
export async function openUrl(text: string, options: OpenUrlOptions): Promise<OpenedStorage> {
  const url = parseStorageUrl(text);
  if (options.schema !== undefined && url.kind !== 'postgres') throw new UsageError('--schema is for PostgreSQL only.');
  switch (url.kind) {
    case 'sqlite':
      return openSqlite(url, options);
    case 'postgres':
      return openPostgres(url, options);
    case 'mysql':
      return openMysql(url, options);
    case 'redis':
    case 'redis-cluster':
      return openRedis(url, options);
  }
}

interface Migratable extends Storage {
  migrate?(): MaybePromise<void>;
  drift?(): MaybePromise<readonly FoundDrift[]>;
  migrations?(): readonly string[];
}

/** The application's own storage, from its configuration. */
export async function openConfigured({
  storage: given,
  databaseClock,
  close,
}: PortcullisConfig): Promise<OpenedStorage> {
  let storage: Migratable | undefined;
  try {
    storage = (typeof given === 'function' ? await given() : given) as Migratable | undefined;
  } catch (error) {
    throw new CommandError('config_failed', `The configuration's storage() failed: ${(error as Error).message}`);
  }
  if (typeof storage?.collection !== 'function')
    throw new CommandError(
      'config_failed',
      'The configuration gives no storage: set storage to a URL, a storage, or a function that opens one.',
    );
  const { migrate, drift, migrations } = storage;
  return {
    storage,
    name: "the configuration's storage",
    migrate: migrate && (async () => migrate()),
    drift: drift && (async () => drift()),
    migrations,
    now: databaseClock && (async () => databaseClock()),
    collectionNames: undefined,
    close: async () => {
      await storage.close?.();
      await close?.();
    },
  };
}
