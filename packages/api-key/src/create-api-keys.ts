import {
  andThen,
  type Authenticator,
  createBackground,
  createEvents,
  createRevocationSignal,
  createTouchBuffer,
  type Environment,
  type EventListener,
  type Events,
  invalidOption,
  isPortcullisError,
  type MaybePromise,
  type Page,
  type Principal,
  type Storage,
} from '@portcullis/core';
import { type ApiKey, apiKeyCollection, toApiKey } from './api-key.js';
import {
  type ApiKeyAuthenticatorOptions,
  type ApiKeyPrincipal,
  createApiKeyAuthenticator,
} from './api-key-authenticator.js';
import type { ApiKeyEvents } from './api-key-events.js';
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
import {
  apiKeyFenceCollection,
  createKey,
  type ForeignApiKey,
  importKey,
  type IssuedApiKey,
  type IssueOptions,
  type NewApiKey,
} from './issue-keys.js';
import { createKeyFormat, type KeyFormatOptions } from './key-format.js';
import { createKeyLimits } from './key-limits.js';
import { createQuotaMeter } from './quota-meter.js';
import { createVerifier, type VerifyContext, type VerifyResult } from './verify-key.js';

/** What `createApiKeys` takes. */
export interface ApiKeysOptions<E extends string> extends KeyFormatOptions<E>, Pick<Environment, 'clock' | 'random'> {
  /**
   * Where keys and their counters live. Behind `cached(storage, { ttl, max })` a revocation reaches other processes
   * within `ttl`.
   */
  readonly storage: Storage;
  /** The ceiling of a key that was made without scopes; `unlimited` lets it do whatever its owner may. */
  readonly defaultScopes: readonly string[] | 'unlimited';
  /**
   * The environments whose keys this instance verifies; the others are refused. Default: the first of `environments`.
   */
  readonly accept?: readonly NoInfer<E>[];
  /**
   * Reads the keys of another system, whose hashes are imported: answers the text that its SHA-256 was made of (often
   * the whole key), or `undefined` for what is not of that format. Be strict: what it takes for a key is not offered to
   * other authenticators.
   */
  readonly parseImported?: (text: string) => string | undefined;
  /**
   * When last-used times and buffered quotas are written. `false`: last-used times never. Default: every 10 seconds.
   */
  readonly lastUsed?: false | { readonly flushMs: number };
  /** How long a revoked or expired key stays listed, in milliseconds; `Infinity` for ever. Default: 365 days. */
  readonly retentionMs?: number;
  /** A stream to join, so that the guard and the keys report to one. Default: one of its own. */
  readonly events?: Events<ApiKeyEvents>;
}

/** Issues, verifies, rotates, revokes and meters API keys. */
export interface ApiKeys<E extends string = string> {
  /**
   * Makes a key; its plaintext is there this once.
   * @throws {ApiKeyError} `invalid_key_input`; `owner_revoked` when all keys of the owner were revoked meanwhile.
   */
  create(input: NewApiKey<E>, options?: IssueOptions): Promise<IssuedApiKey<E>>;
  /**
   * Whether a text is a good key: checksum, hash, revocation, expiry, environment, address, then rate limit and quota,
   * which it uses. Answers at once where the storage does. Scopes are not judged: they are a ceiling for the policy.
   * @throws {StorageUnavailableError} when nobody can tell. Never let such a call pass.
   */
  verify(plaintext: string, context?: VerifyContext): MaybePromise<VerifyResult<E>>;
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
  /**
   * Writes last-used times and buffered quotas now: for `waitUntil` on Workers, where timers do not outlive a request.
   */
  flush(): Promise<void>;
  /** Flushes a last time, and stops timer and subscription. The storage is left open. */
  close(): Promise<void>;
  /** Reads keys from `Authorization: Bearer` or `X-API-Key`, for `createGuard`. */
  authenticator<P extends Principal = ApiKeyPrincipal<E>>(options?: ApiKeyAuthenticatorOptions<P, E>): Authenticator<P>;
  on<K extends keyof ApiKeyEvents | '*'>(type: K, listener: EventListener<ApiKeyEvents, K>): () => void;
}

const day = 86_400_000;
// Keys that may wait for one flush: what they cost stays near a megabyte.
const maxWaiting = 10_000;

function parseAccept<E extends string>(environments: readonly E[], accept: readonly E[] | undefined): readonly E[] {
  const accepted = accept ?? environments.slice(0, 1);
  if (accepted.length === 0 || !accepted.every((environment) => environments.includes(environment))) {
    throw invalidOption('accept', `name at least one of ${environments.join(', ')}`);
  }
  return [...accepted];
}

function parseDefaultScopes(defaultScopes: readonly string[] | 'unlimited'): readonly string[] | undefined {
  if (defaultScopes === 'unlimited') return undefined;
  if (!Array.isArray(defaultScopes))
    throw invalidOption('defaultScopes', 'give a list ([] allows nothing), or "unlimited"');
  return Object.freeze([...(defaultScopes as readonly string[])]);
}

function parseFlush(lastUsed: ApiKeysOptions<string>['lastUsed']): number {
  const flushMs = lastUsed === undefined || lastUsed === false ? 10_000 : lastUsed.flushMs;
  if (!Number.isSafeInteger(flushMs) || flushMs < 1 || flushMs > day)
    throw invalidOption('lastUsed.flushMs', 'give 1 to 86,400,000 milliseconds');
  return flushMs;
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
  const { storage, clock = Date.now, retentionMs = 365 * day, parseImported } = options;
  const format = createKeyFormat<E>(options, options.random);
  const accept = parseAccept(format.environments, options.accept);
  const defaultScopes = parseDefaultScopes(options.defaultScopes);
  if (retentionMs !== Infinity && (!Number.isSafeInteger(retentionMs) || retentionMs < 0)) {
    throw invalidOption('retentionMs', 'give whole milliseconds, 0 or more, or Infinity');
  }
  const everyMs = parseFlush(options.lastUsed);
  const events = options.events ?? createEvents<ApiKeyEvents>({ clock });
  const keys = storage.collection(apiKeyCollection);
  const fences = storage.collection(apiKeyFenceCollection);

  const lastUsed = createTouchBuffer(keys, maxWaiting);
  const meter = createQuotaMeter(storage.counters, { schedule: () => background.schedule(), max: maxWaiting });
  const background = createBackground(
    async () => {
      // Both are tried: the failure of one must not cost the other its turn.
      const results = await Promise.allSettled([lastUsed.flush(), meter.flush()]);
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    },
    {
      everyMs,
      failed: (error) =>
        events.emit('api_key.flush_failed', { code: isPortcullisError(error) ? error.code : undefined }),
    },
  );
  const verifier = createVerifier<E>({
    keys,
    format,
    accept: new Set(accept),
    parseImported,
    defaultScopes,
    limits: createKeyLimits(storage.counters, meter),
    used(id, at) {
      if (options.lastUsed !== false && lastUsed.note({ id, touchedAt: at })) background.schedule();
    },
    events,
    clock,
  });
  const signal = createRevocationSignal({
    channel: 'api_key.ended',
    bus: storage.bus,
    isLive: (id) =>
      andThen(keys.get(id, { fresh: true }), (stored) => stored !== undefined && stored.record.revokedAt === undefined),
    failed: (keyId) => events.emit('api_key.signal_failed', { keyId }),
  });
  const parts: ChangeParts<E> = { keys, fences, format, accept, retentionMs, events, clock, signal, verifier };

  return Object.freeze<ApiKeys<E>>({
    create: (input, issue) => createKey(parts, input, issue),
    verify: verifier.verify,
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
    flush: background.flush,
    async close() {
      signal.close();
      await background.close();
    },
    authenticator: (settings) => createApiKeyAuthenticator({ verifier, watch: signal.watch }, settings),
    on: (type, listener) => events.on(type, listener),
  });
}
