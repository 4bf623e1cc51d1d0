import { isPortcullisError, type MaybePromise, type Storage } from '@portcullis/core';
import type { PortcullisConfig } from './config.js';
import { CommandError, UsageError } from './failures.js';
import { openMysql, openPostgres, openSqlite } from './open-sql.js';
import { openRedis } from './open-redis.js';
import { parseStorageUrl } from './storage-url.js';

/** What differs in a database, of whichever adapter. */
export interface FoundDrift {
  readonly kind: string;
  readonly table?: string;
  readonly name: string;
  readonly mend?: readonly string[];
}

/** A storage that a command works on. */
export interface OpenedStorage {
  readonly storage: Storage;
  /** What may be shown of where it is: no secrets. */
  readonly name: string;
  readonly migrate: (() => Promise<void>) | undefined;
  readonly drift: (() => Promise<readonly FoundDrift[]>) | undefined;
  /** All statements, where the database has statements. */
  readonly migrations: (() => readonly string[]) | undefined;
  /** The database's clock. */
  readonly now: (() => Promise<number>) | undefined;
  /** The collections that are really there, where that can be told. */
  readonly collectionNames: (() => Promise<readonly string[]>) | undefined;
  readonly close: () => Promise<void>;
}

/** How a URL is opened. */
export interface OpenUrlOptions {
  readonly cwd: string;
  readonly prefix?: string | undefined;
  readonly schema?: string | undefined;
  readonly create: boolean;
}

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

/** A failure to connect, as something to act on. */
export function describeFailure(error: unknown, name: string, secrets: readonly string[]): Error {
  if (error instanceof CommandError || isPortcullisError(error)) return error;
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  const told = [typeof code === 'string' ? code : undefined, message].filter(Boolean).join(': ');
  const clean = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), told || 'the client did not say why');
  return new CommandError('storage_unavailable', `Cannot use ${name}: ${clean}`);
}
