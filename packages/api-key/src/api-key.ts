import type { CollectionDefinition, StoredRecord } from '@portcullis/core';

/** How fast a key may be used: `limit` calls a window, flowing back evenly (GCRA), `burst` of them at once. */
export interface ApiKeyRateLimit {
  /** Calls a window, a positive whole number. */
  readonly limit: number;
  /** Milliseconds. */
  readonly windowMs: number;
  /** Calls at once. Default: `limit`. */
  readonly burst?: number | undefined;
}

/** How much a key may use in all. Calls cost 1 unit, or what `verify` or the authenticator's `cost` says. */
export interface ApiKeyQuota {
  /** Units that a full quota has, a positive whole number. */
  readonly limit: number;
  /**
   * `amount` units come back every `everyMs` milliseconds. With `amount` equal to `limit` the whole quota comes back at
   * once, `everyMs` after the first use; else units flow back evenly up to `limit`. Without it the quota is spent once.
   */
  readonly refill?: { readonly amount: number; readonly everyMs: number } | undefined;
  /**
   * Counts in this process and writes the sum with each flush, so that a call waits for no counter. Each process may
   * then let through what it knows to be left until its next flush. Default false: exact.
   */
  readonly buffered?: boolean | undefined;
}

/** JSON data. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** The properties of a key that its maker chooses and that `update` can change. */
export interface ApiKeySettings {
  /** For people: `CI server`. 1 to 100 characters. */
  readonly name?: string | undefined;
  /** A ceiling, never a grant. Without it, what `defaultScopes` states; `[]` allows nothing. */
  readonly scopes?: readonly string[] | undefined;
  /** From this millisecond on the key is refused. */
  readonly expiresAt?: number | undefined;
  /** IPv4 and IPv6 addresses and CIDR blocks that the key may be used from, 1 to 100. */
  readonly allowedAddresses?: readonly string[] | undefined;
  readonly rateLimit?: ApiKeyRateLimit | undefined;
  readonly quota?: ApiKeyQuota | undefined;
  /** Your own data, at most 4,096 characters as JSON. No secrets: it is given to whoever may list the keys. */
  readonly metadata?: { readonly [name: string]: Json } | undefined;
}

/** Whose key it is: what a request needs to know of it. Times are absolute milliseconds. */
export interface ApiKeyIdentity<E extends string = string> extends Pick<ApiKeySettings, 'name' | 'metadata'> {
  /** Public, part of the key, safe to log. Of an imported key, its SHA-256. */
  readonly id: string;
  readonly environment: E;
  readonly owner: string;
  readonly tenant: string | undefined;
  readonly createdAt: number;
  readonly rotatedAt: number | undefined;
}

/** A key as its owner and the application may see it: nothing here lets anyone in. */
export interface ApiKey<E extends string = string> extends ApiKeyIdentity<E>, ApiKeySettings {
  /** Late by up to the flush interval. */
  readonly lastUsedAt: number | undefined;
  /** Until when the key before the last rotation is accepted too. */
  readonly graceExpiresAt: number | undefined;
  readonly revokedAt: number | undefined;
  readonly revokedReason: string | undefined;
  readonly imported: boolean;
}

/**
 * A key as it is stored. The record outlives the key, so that its end can be explained: `expiresAt` is the record's
 * own.
 */
export interface ApiKeyRecord extends StoredRecord, Omit<ApiKeySettings, 'expiresAt'> {
  /** SHA-256 of the whole key, base64url. */
  readonly hash: string;
  /** The hash before the last rotation, accepted until `graceExpiresAt`. */
  readonly previousHash?: string | undefined;
  readonly graceExpiresAt?: number | undefined;
  readonly environment: string;
  readonly owner: string;
  readonly tenant?: string | undefined;
  readonly keyExpiresAt?: number | undefined;
  readonly rotatedAt?: number | undefined;
  readonly revokedAt?: number | undefined;
  readonly revokedReason?: string | undefined;
  readonly imported?: boolean | undefined;
}

/** Where keys are kept. For migrations. */
export const apiKeyCollection: CollectionDefinition<ApiKeyRecord> = /* @__PURE__ */ Object.freeze({
  name: 'api_keys',
  indexes: ['owner', 'tenant'] as const,
});

/** The little of a record that a request needs: this is made once a request. */
export function toIdentity<E extends string>(record: ApiKeyRecord): ApiKeyIdentity<E> {
  return {
    id: record.id,
    // Only environments of the configuration are ever written, and `verify` compares before it believes.
    environment: record.environment as E,
    owner: record.owner,
    tenant: record.tenant,
    name: record.name,
    createdAt: record.createdAt,
    rotatedAt: record.rotatedAt,
    metadata: record.metadata,
  };
}

/** The record without its hashes. */
export function toApiKey<E extends string>(record: ApiKeyRecord): ApiKey<E> {
  return {
    ...toIdentity<E>(record),
    scopes: record.scopes,
    expiresAt: record.keyExpiresAt,
    lastUsedAt: record.touchedAt,
    graceExpiresAt: record.graceExpiresAt,
    revokedAt: record.revokedAt,
    revokedReason: record.revokedReason,
    allowedAddresses: record.allowedAddresses,
    rateLimit: record.rateLimit,
    quota: record.quota,
    imported: record.imported === true,
  };
}
