import type { Clock, EventSink, Fetch, MaybePromise } from '@portcullis/core';
import { urlObjection } from '@portcullis/core/fetch';
import { day, durationOption, hour, minute, second } from '../duration.js';
import type { JwsAlgorithm } from '../engine/algorithms.js';
import type { Engine } from '../engine/engine.js';
import { invalidOption, JwtError } from '../errors.js';
import { importJwkSet, parseJwkSet } from '../keys/jwk-set.js';
import { type HeldKey, type KeyHint, type KeyLookup, type KeySource, selectKey } from '../keys/key-source.js';
import type { VerifierEvents } from '../verify/verifier-events.js';
import { createBreaker } from './breaker.js';
import { discoverKeySetUrl } from './discover.js';
import { fetchJson } from './fetch-json.js';

/** Limits of fetching an issuer's keys. Times in milliseconds. */
export interface RemoteKeysOptions {
  /** How long fetching may take in all, metadata and body included. 100 to 30,000; default 5,000. */
  readonly timeoutMs?: number;
  /** Largest document in bytes. 1,024 to 1,048,576; default 262,144. */
  readonly maxBytes?: number;
  /** A key id that is not known leads to a fetch at most once in this time. 100 to an hour; default 10 seconds. */
  readonly cooldownMs?: number;
  /** The shortest time that a key set counts as fresh, whatever HTTP says. A second to a day; default a minute. */
  readonly minFreshMs?: number;
  /** The longest time that a key set counts as fresh, whatever HTTP says. A second to 7 days; default a day. */
  readonly maxFreshMs?: number;
  /** How long keys are used after the last fetch that succeeded, when none does any more. A minute to 30 days; default a day. */
  readonly maxStaleMs?: number;
  /** Allows http, and addresses of private networks: for tests and for an issuer inside a network that nobody else is in. */
  readonly dangerouslyAllowPrivateNetwork?: boolean;
}

/** What `createRemoteKeys` needs beside its limits. */
export interface RemoteKeysContext {
  readonly issuer: string;
  /** The key set's address; `undefined`: discover it from the issuer's metadata. */
  readonly url: string | undefined;
  readonly algorithms: readonly JwsAlgorithm[];
  readonly engine: Engine;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly events: EventSink<VerifierEvents> | undefined;
}

// Where the server says nothing about caching.
const usualFresh = 10 * minute;
const metadataFresh = hour;

class Refused extends Error {
  readonly retryAfterMs: number | undefined;
  constructor(message: string, retryAfterMs: number | undefined) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

interface Held {
  readonly keys: readonly HeldKey[];
  readonly fetchedAt: number;
  readonly freshUntil: number;
}

/**
 * The keys of an issuer, fetched when first needed. Concurrent callers share one fetch; keys are served stale while they
 * are refreshed; a key id that is not known leads to a fetch once per cooldown; after a failure nothing is fetched for a
 * second, then two, up to a minute. What a hostile issuer can cost is bounded: time, bytes, keys, no redirects.
 *
 * "Unknown" is said only when a key set was fetched that lacks the key. When it could not be fetched the answer is
 * "unavailable".
 * @throws {JwtError} `invalid_option`
 * @see RFC 7517, OpenID Connect Core 1.0 section 10.1.1
 */
export function createRemoteKeys(context: RemoteKeysContext, options: RemoteKeysOptions = {}): KeySource {
  const { issuer, algorithms, engine, fetch, clock, events } = context;
  const allowPrivate = options.dangerouslyAllowPrivateNetwork === true;
  const option = context.url === undefined ? 'issuer' : 'jwks';
  const objection = urlObjection(context.url ?? issuer, allowPrivate);
  if (objection !== undefined) throw invalidOption(option, objection);
  const duration = (
    name: keyof RemoteKeysOptions & `${string}Ms`,
    fallback: number,
    min: number,
    max: number,
  ): number => durationOption(`remote.${name}`, options[name], { fallback, min, max });
  const timeoutMs = duration('timeoutMs', 5 * second, 100, 30 * second);
  const cooldownMs = duration('cooldownMs', 10 * second, 100, hour);
  const minFreshMs = duration('minFreshMs', minute, second, day);
  const maxFreshMs = duration('maxFreshMs', Math.max(day, minFreshMs), second, 7 * day);
  const maxStaleMs = duration('maxStaleMs', day, minute, 30 * day);
  if (maxFreshMs < minFreshMs) throw invalidOption('remote.maxFreshMs', 'make it at least minFreshMs');
  const { maxBytes = 262_144 } = options;
  if (!Number.isInteger(maxBytes) || maxBytes < 1024 || maxBytes > 1_048_576) {
    throw invalidOption('remote.maxBytes', 'give 1,024 to 1,048,576 bytes');
  }
  const limits = { fetch, clock, timeoutMs, maxBytes, allowPrivate };

  const breaker = createBreaker();
  const listeners = new Set<() => void>();
  let held: Held | undefined;
  let address: { readonly url: string; readonly until: number } | undefined =
    context.url === undefined ? undefined : { url: context.url, until: Infinity };
  let inFlight: Promise<boolean> | undefined;
  let lastFailure: unknown;
  let lastUnknown = -Infinity;

  async function keySetUrl(): Promise<string> {
    const now = clock();
    if (address === undefined || now >= address.until) {
      address = { url: await discoverKeySetUrl(issuer, limits), until: now + metadataFresh };
    }
    return address.url;
  }

  async function load(): Promise<Held> {
    const url = await keySetUrl();
    const { status, document, lifetimeMs, retryAfterMs } = await fetchJson(url, limits);
    if (document === undefined) throw new Refused(`The key set was answered with ${status}.`, retryAfterMs);
    const listed = parseJwkSet(document);
    if (listed === undefined) throw new Refused('The document is not a key set, or has too many keys.', undefined);
    const keys = await importJwkSet(listed, { engine, allowed: algorithms, known: held?.keys ?? [] });
    const fetchedAt = clock();
    const fresh = Math.min(Math.max(lifetimeMs ?? usualFresh, minFreshMs), maxFreshMs);
    return { keys, fetchedAt, freshUntil: fetchedAt + fresh };
  }

  function take(next: Held): void {
    const before = held;
    held = next;
    breaker.succeeded();
    events?.emit('jwt.keys_fetched', { issuer, keys: next.keys.length });
    if (before?.keys.some((key) => !next.keys.includes(key)) === true)
      for (const listener of [...listeners]) listener();
  }

  async function refresh(): Promise<boolean> {
    try {
      take(await load());
      return true;
    } catch (error) {
      lastFailure = error;
      breaker.failed(clock(), error instanceof Refused ? error.retryAfterMs : undefined);
      // It may have moved.
      if (context.url === undefined) address = undefined;
      events?.emit('jwt.keys_failed', { issuer, failures: breaker.failures });
      return false;
    } finally {
      inFlight = undefined;
    }
  }

  /** Joins the fetch under way or begins one; `undefined` while the breaker is open. */
  function refreshed(now: number): Promise<boolean> | undefined {
    if (inFlight === undefined && now >= breaker.openUntil) inFlight = refresh();
    return inFlight;
  }

  function unavailable(now: number): KeyLookup {
    const cause = new JwtError('keys_unavailable', undefined, { cause: lastFailure });
    const wait = Math.max(breaker.openUntil - now, second);
    return { outcome: 'unavailable', cause, retryAfterSeconds: Math.ceil(wait / second) };
  }

  async function afterRefresh(hint: KeyHint, refreshing: Promise<boolean>): Promise<KeyLookup> {
    const succeeded = await refreshing;
    const found = held === undefined ? undefined : selectKey(held.keys, hint);
    if (found?.outcome === 'found' || (succeeded && found !== undefined)) return found;
    return unavailable(clock());
  }

  return Object.freeze({
    find(hint: KeyHint): MaybePromise<KeyLookup> {
      const now = clock();
      if (held !== undefined && now - held.fetchedAt > Math.max(maxStaleMs, held.freshUntil - held.fetchedAt)) {
        held = undefined;
        for (const listener of [...listeners]) listener();
      }
      if (held === undefined) {
        const refreshing = refreshed(now);
        return refreshing === undefined ? unavailable(now) : afterRefresh(hint, refreshing);
      }
      const stale = now >= held.freshUntil;
      const refreshing = stale ? refreshed(now) : inFlight;
      const found = selectKey(held.keys, hint);
      if (found.outcome === 'found') return found;
      if (refreshing !== undefined) return afterRefresh(hint, refreshing);
      if (now - lastUnknown < cooldownMs && breaker.failures === 0) return found;
      // Known by now to fail: the key may well be a new one that could not be fetched.
      const asking = refreshed(now);
      if (asking === undefined) return unavailable(now);
      lastUnknown = now;
      return afterRefresh(hint, asking);
    },
    onRemoved(listener: () => void): () => void {
      const own = (): void => listener();
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
    async ready(): Promise<void> {
      if (held !== undefined) return;
      const succeeded = await (refreshed(clock()) ?? false);
      if (!succeeded) throw new JwtError('keys_unavailable', undefined, { cause: lastFailure });
    },
  } satisfies KeySource);
}
