import {
  type Clock,
  createEvents,
  createSealer,
  type Environment,
  type Events,
  type KeyRing,
  type Random,
  random as systemRandom,
  safeReturnTo,
  type Sealer,
  type Storage,
} from '@portcullis/core';
import type { Connection, ConnectionLimits, ProviderRegistration } from './connection/connection.js';
import { createConnection } from './connection/create-connection.js';
import { invalidOption } from './errors.js';
import type { OAuthEvents } from './oauth-events.js';

/** What `createOAuthClient` takes. */
export interface OAuthClientOptions<N extends string> extends Environment {
  readonly storage: Storage;
  /** The application's own origin, from configuration and never from the Host header: `https://app.example.org`. */
  readonly origin: string;
  /** Where providers send the user back to, with `:provider` in it. Default `/auth/:provider/callback`. */
  readonly callbackPath?: string;
  /** Where providers send the user after a logout, with `:provider` in it. Default `/auth/:provider/logout`. */
  readonly logoutPath?: string;
  readonly providers: Readonly<Record<N, ProviderRegistration>>;
  /** Seal sign-ins under way, ID tokens and the vault. 32 bytes each. */
  readonly encryptionKeys: KeyRing;
  /**
   * Where sign-ins under way are: `storage` (default), where each can be used once, whoever races; or sealed in the browser's cookie, for processes that
   * share nothing, where the provider's refusal to take a code twice has to do.
   */
  readonly transactions?: 'storage' | 'sealed_cookie';
  /** Where a sign-in without a good `returnTo` leads. Default `/`. */
  readonly fallback?: string;
  /** Of what is fetched from providers. */
  readonly limits?: ConnectionLimits;
  readonly events?: Events<OAuthEvents>;
}

/** Checked settings. */
export interface OAuthSettings {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Events<OAuthEvents>;
  readonly sealer: Sealer;
  readonly statelessTransactions: boolean;
  readonly connections: ReadonlyMap<string, Connection>;
  callbackUrl(provider: string): string;
  logoutUrl(provider: string): string;
  returnTo(value: unknown): string;
}

function pathOption(option: string, path: string): string {
  if (!/^(?:\/[\w.~:-]+)+$/.test(path) || path.split('/').filter((part) => part === ':provider').length !== 1) {
    throw invalidOption(option, 'give a path with one :provider in it, as in /auth/:provider/callback');
  }
  return path;
}

const local = new Set(['localhost', '127.0.0.1', '[::1]']);

function checkOrigin(origin: string): void {
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw invalidOption('origin', 'give scheme, host and port only, as in https://app.example.org');
  }
  const { protocol, hostname } = new URL(origin);
  if (protocol !== 'https:' && !local.has(hostname)) {
    throw invalidOption('origin', 'use https: browsers drop the cookies of a sign-in elsewhere, except on localhost');
  }
}

/** @throws {OAuthError} `invalid_option` */
export function parseOAuthOptions<N extends string>(options: OAuthClientOptions<N>): OAuthSettings {
  const { storage, origin, providers, clock = Date.now, random = systemRandom, limits = {}, fallback = '/' } = options;
  if (typeof (storage as Partial<Storage> | undefined)?.collection !== 'function') {
    throw invalidOption('storage', 'give a storage, such as createMemoryStorage()');
  }
  checkOrigin(origin);
  // Throws for a fallback that is itself no path of the application.
  safeReturnTo('/', { origin, fallback });
  const callbackPath = pathOption('callbackPath', options.callbackPath ?? '/auth/:provider/callback');
  const logoutPath = pathOption('logoutPath', options.logoutPath ?? '/auth/:provider/logout');
  const { transactions = 'storage', fetch } = options;
  if (transactions !== 'storage' && transactions !== 'sealed_cookie') {
    throw invalidOption('transactions', 'use storage or sealed_cookie');
  }
  const connections = new Map<string, Connection>();
  for (const [name, registration] of Object.entries<ProviderRegistration>(providers)) {
    connections.set(
      name,
      createConnection(name, registration, { ...limits, clock, ...(fetch === undefined ? {} : { fetch }) }),
    );
  }
  if (connections.size === 0) throw invalidOption('providers', 'name at least one');
  return {
    storage,
    clock,
    random,
    events: options.events ?? createEvents<OAuthEvents>({ clock }),
    sealer: createSealer(options.encryptionKeys, { option: 'encryptionKeys', random }),
    statelessTransactions: transactions === 'sealed_cookie',
    connections,
    callbackUrl: (provider) => origin + callbackPath.replace(':provider', provider),
    logoutUrl: (provider) => origin + logoutPath.replace(':provider', provider),
    returnTo: (value) => safeReturnTo(value, { origin, fallback }),
  };
}
