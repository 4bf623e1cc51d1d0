import {
  andThen,
  type Authenticator,
  type Clock,
  type Collection,
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
  type Principal,
  type RevocationSignal,
  type Storage,
} from '@portcullis/core';
import { apiKeyCollection, type ApiKeyRecord } from './api-key.js';
import {
  type ApiKeyAuthenticatorOptions,
  type ApiKeyPrincipal,
  createApiKeyAuthenticator,
} from './api-key-authenticator.js';
import type { ApiKeyEvents } from './api-key-events.js';
import { createKeyReader, type KeyFormatOptions, type KeyReader } from './key-format.js';
import { createKeyLimits } from './key-limits.js';
import type { bufferedQuotas } from './quota-meter.js';
import { createVerifier, type VerifyContext, type VerifyResult } from './verify-key.js';

/** What `createApiKeyVerifier` and `createApiKeys` take. */
export interface VerifyingOptions<E extends string> extends KeyFormatOptions<E>, Pick<Environment, 'clock'> {
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
  /** A stream to join, so that the guard and the keys report to one. Default: one of its own. */
  readonly events?: Events<ApiKeyEvents>;
}

/** What `createApiKeyVerifier` takes. */
export interface ApiKeyVerifierOptions<E extends string> extends VerifyingOptions<E> {
  /** Give it `bufferedQuotas` to count quotas marked `buffered` in this process. Default: they are exact, as others. */
  readonly quotaMeter?: typeof bufferedQuotas;
}

/** Verifies API keys, and makes or changes none. */
export interface ApiKeyVerifier<E extends string = string> {
  /**
   * Whether a text is a good key: checksum, hash, revocation, expiry, environment, address, then rate limit and quota,
   * which it uses. Answers at once where the storage does. Scopes are not judged: they are a ceiling for the policy.
   * @throws {StorageUnavailableError} when nobody can tell. Never let such a call pass.
   */
  verify(plaintext: string, context?: VerifyContext): MaybePromise<VerifyResult<E>>;
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

/** A verifier, and what it is made of. */
export interface Verifying<E extends string> {
  readonly api: ApiKeyVerifier<E>;
  readonly keys: Collection<ApiKeyRecord>;
  readonly accept: readonly E[];
  readonly events: Events<ApiKeyEvents>;
  readonly clock: Clock;
  readonly signal: RevocationSignal;
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

function parseFlush(lastUsed: VerifyingOptions<string>['lastUsed']): number {
  const flushMs = lastUsed === undefined || lastUsed === false ? 10_000 : lastUsed.flushMs;
  if (!Number.isSafeInteger(flushMs) || flushMs < 1 || flushMs > day)
    throw invalidOption('lastUsed.flushMs', 'give 1 to 86,400,000 milliseconds');
  return flushMs;
}

/** What both factories do first. */
export function createVerifying<E extends string>(
  options: ApiKeyVerifierOptions<E>,
  format: KeyReader<E>,
): Verifying<E> {
  const { storage, clock = Date.now, parseImported, quotaMeter } = options;
  const accept = parseAccept(format.environments, options.accept);
  const defaultScopes = parseDefaultScopes(options.defaultScopes);
  const everyMs = parseFlush(options.lastUsed);
  const events = options.events ?? createEvents<ApiKeyEvents>({ clock });
  const keys = storage.collection(apiKeyCollection);

  const lastUsed = createTouchBuffer(keys, maxWaiting);
  const meter = quotaMeter?.(storage.counters, { schedule: () => background.schedule(), max: maxWaiting });
  const background = createBackground(
    async () => {
      // Both are tried: the failure of one must not cost the other its turn.
      const results = await Promise.allSettled([lastUsed.flush(), meter?.flush()]);
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
  const api: ApiKeyVerifier<E> = {
    verify: verifier.verify,
    flush: background.flush,
    async close() {
      signal.close();
      await background.close();
    },
    authenticator: (settings) => createApiKeyAuthenticator({ verifier, watch: signal.watch }, settings),
    on: (type, listener) => events.on(type, listener),
  };
  return { api, keys, accept, events, clock, signal };
}

/**
 * Makes what verifies the keys of one brand, for a server that issues none: the same storage and options as the
 * `createApiKeys` that made them, and a third of the code. Whatever a key says of itself holds here too: expiry,
 * revocation, addresses, rate limit, quota. A revocation elsewhere closes streams here through the storage's bus.
 * @throws {CoreError} `invalid_option`, naming the option and the mend.
 */
export function createApiKeyVerifier<const E extends string = 'live' | 'test'>(
  options: ApiKeyVerifierOptions<E>,
): ApiKeyVerifier<E> {
  return Object.freeze(createVerifying<E>(options, createKeyReader<E>(options)).api);
}
