import type { ApiKeysOptions } from '@portcullis/api-key';
import type { MaybePromise, Storage } from '@portcullis/core';
import type { CollectionShape } from '@portcullis/core/storage';
import type { SessionsOptions } from '@portcullis/session';

/** What the application gives to `createApiKeys`, but for the storage. */
export type ApiKeysConfig = Omit<ApiKeysOptions<string>, 'storage'>;

/** What the application gives to `createSessions`, but for the storage and what only types its data. */
export type SessionsConfig = Omit<SessionsOptions<never>, 'storage' | 'schema' | 'initialData'>;

/** What `portcullis.config.js` exports by default. */
export interface PortcullisConfig {
  /** A storage URL (`sqlite:./auth.db`, `postgres://…`), the application's own storage, or a function that opens it. */
  readonly storage?: string | Storage | (() => MaybePromise<Storage>);
  /** With a storage URL: what the names of its tables or keys begin with. Default: the adapter's. */
  readonly prefix?: string;
  /** With a URL of PostgreSQL: the schema its tables are in. */
  readonly schema?: string;
  /** What the application gives to `createApiKeys`: brand, environments, default scopes. */
  readonly apiKeys?: ApiKeysConfig;
  /** What the application gives to `createSessions`: cookie, timeouts, origins. */
  readonly sessions?: SessionsConfig;
  /** Every collection that the application uses. Default: all of the api-key, session and jwt packages. */
  readonly collections?: readonly CollectionShape[];
  /** What the application gives to its framework adapter: the number of proxies in front of it, or false. For `doctor`. */
  readonly trustProxy?: number | false;
  /** The database's clock in absolute milliseconds, where the storage is not a URL. For `doctor`. */
  readonly databaseClock?: () => MaybePromise<number>;
  /** Called at the end: closes the clients that the application's storage uses. */
  readonly close?: () => unknown;
}

/** The configuration as it is, with its type checked. */
export function defineConfig(config: PortcullisConfig): PortcullisConfig {
  return config;
}
