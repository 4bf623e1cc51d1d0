import { andThen, type Environment, invalidOption, type MaybePromise, type Page } from '@portcullis/core';
import { type ApiKey, toApiKey } from './api-key.js';
import {
  type ApiKeyChanges,
  type ChangeParts,
  type KeysOf,
  type LeakReport,
  listKeys,
  type ListKeysQuery,
  type OwnerCheck,
  revokeAllKeys,
  type RevokeAllOptions,
  revokeKey,
  revokeLeakedKey,
  type RevokeOptions,
  rotateKey,
  type RotateOptions,
  updateKey,
} from './change-keys.js';
import { type ApiKeyVerifier, createVerifying, type VerifyingOptions } from './create-api-key-verifier.js';
import {
  apiKeyFenceCollection,
  createKey,
  type ForeignApiKey,
  importKey,
  type IssuedApiKey,
  type IssueOptions,
  type NewApiKey,
} from './issue-keys.js';
import { createKeyFormat } from './key-format.js';
import { bufferedQuotas } from './quota-meter.js';

/** What `createApiKeys` takes. */
export interface ApiKeysOptions<E extends string> extends VerifyingOptions<E>, Pick<Environment, 'random'> {
  /** How long a revoked or expired key stays listed, in milliseconds; `Infinity` for ever. Default: 365 days. */
  readonly retentionMs?: number;
}

/** Issues, verifies, rotates, revokes and meters API keys. */
export interface ApiKeys<E extends string = string> extends ApiKeyVerifier<E> {
  /**
   * Makes a key; its plaintext is there this once.
   * @throws {ApiKeyError} `invalid_key_input`; `owner_revoked` when all keys of the owner were revoked meanwhile.
   */
  create(input: NewApiKey<E>, options?: IssueOptions): Promise<IssuedApiKey<E>>;
  /**
   * Gives a key a new secret under the same public id. The one until now is accepted for `graceMs` more, and each such
   * use is an `api_key.old_key_seen`; one that was still in its grace ends at once. Streams opened with the key are
   * closed.
   * @throws {ApiKeyError} `key_not_found`, `key_revoked`, `key_imported`, `rotation_conflict`, `invalid_key_input`.
   */
  rotate(id: string, options: RotateOptions): Promise<IssuedApiKey<E>>;
  /**
   * Ends a key for good, from the moment the promise resolves. Its record stays, with the reason. Doing it twice
   * changes nothing.
   * @throws {ApiKeyError} `key_not_found`, `invalid_key_input`.
   */
  revoke(id: string, options: RevokeOptions): Promise<ApiKey<E>>;
  /**
   * Revokes every key of an owner, those included whose creation was under way when the call began. The number revoked.
   * After an outage on the way some are revoked and some are not: call it again. It does not keep the owner from making
   * new keys afterwards.
   */
  revokeAll(owner: string, options: RevokeAllOptions): Promise<number>;
  /** Revokes a key that was found in public, whoever it belongs to. `undefined` when it is none of ours. */
  revokeLeaked(plaintext: string, report?: LeakReport): Promise<ApiKey<E> | undefined>;
  /**
   * An owner's or a tenant's keys, newest first, tombstones among them. A page may be short; no cursor means the end.
   */
  list(query: KeysOf & ListKeysQuery): Promise<Page<ApiKey<E>>>;
  /** A key by its public id, dead or alive. */
  get(id: string): MaybePromise<ApiKey<E> | undefined>;
  /**
   * Changes settings: what is left out stays, `null` takes one away.
   * @throws {ApiKeyError} `key_not_found`, `key_revoked`, `invalid_key_input`.
   */
  update(id: string, changes: ApiKeyChanges & OwnerCheck): Promise<ApiKey<E>>;
  /**
   * Takes over a key of another system by its SHA-256, which becomes its id. Only for keys of at least 112 bits: a hash
   * of less can be guessed.
   * @throws {ApiKeyError} `key_exists`, `invalid_key_input`. {CoreError} `invalid_option` without `parseImported`.
   */
  import(input: ForeignApiKey<E>): Promise<ApiKey<E>>;
}

/**
 * Makes the keys of one brand.
 *
 * A key is `{brand}_{env}_{id}{secret}{crc}`. Stored is the SHA-256 of all of it: with 166 random bits there is nothing
 * that a slow hash would add. What cannot be checked is an error, never a pass. Which routes a key opens is the guard's
 * and the policy's to say.
 * @throws {CoreError} `invalid_option`, naming the option and the mend.
 * @see ASVS 5.0 6.5.2, 11.2.4, 11.5.1
 */
export function createApiKeys<const E extends string = 'live' | 'test'>(options: ApiKeysOptions<E>): ApiKeys<E> {
  const { storage, retentionMs = 365 * 86_400_000, parseImported } = options;
  const format = createKeyFormat<E>(options, options.random);
  if (retentionMs !== Infinity && (!Number.isSafeInteger(retentionMs) || retentionMs < 0)) {
    throw invalidOption('retentionMs', 'give whole milliseconds, 0 or more, or Infinity');
  }
  const { api, ...verifying } = createVerifying<E>({ ...options, quotaMeter: bufferedQuotas }, format);
  const { keys } = verifying;
  const fences = storage.collection(apiKeyFenceCollection);
  const parts: ChangeParts<E> = { ...verifying, fences, format, retentionMs, parseImported };

  return Object.freeze<ApiKeys<E>>({
    ...api,
    create: (input, issue) => createKey(parts, input, issue),
    rotate: (id, rotation) => rotateKey(parts, id, rotation),
    revoke: (id, revocation) => revokeKey(parts, id, revocation),
    revokeAll: (owner, revocation) => revokeAllKeys(parts, owner, revocation),
    revokeLeaked: (plaintext, report) => revokeLeakedKey(parts, plaintext, report),
    list: (query) => listKeys<E>(parts, query),
    get: (id) => andThen(keys.get(id), (stored) => (stored === undefined ? undefined : toApiKey<E>(stored.record))),
    update: (id, changes) => updateKey(parts, id, changes),
    async import(input) {
      if (parseImported === undefined)
        throw invalidOption('parseImported', 'give it, or imported keys could never be verified');
      return importKey(parts, input);
    },
  });
}
