import {
  andThen,
  createSealer,
  type Environment,
  type EventSink,
  isPortcullisError,
  type KeyRing,
  type MaybePromise,
  modify,
  random as systemRandom,
  type Storage,
} from '@portcullis/core';
import { day, durationOption, hour, minute, second } from '../duration.js';
import { invalidOption, JwtError } from '../errors.js';
import type { Jwk } from '../keys/key-input.js';
import type { TokenEvents } from '../issue/token-events.js';
import { generateKey } from './generate-key.js';
import { thumbprint } from './jwk.js';
import { currentKey, planKeys } from './key-schedule.js';
import { type ImportedKey, importOwnKey, lookUp } from './own-key.js';
import { type SigningKeySetRecord, signingKeyCollection, type StoredSigningKey } from './signing-key-record.js';
import { checkSigningAlgorithm, type SigningAlgorithm } from './signing-algorithm.js';
import type { SigningKeys } from './signing-keys.js';

/** What `createSigningKeys` takes. Times in whole milliseconds. */
export interface SigningKeysOptions extends Pick<Environment, 'clock' | 'random'> {
  readonly storage: Storage;
  /** Keys of 32 bytes that seal the private keys in the storage (AES-256-GCM). Keep them elsewhere than the database. */
  readonly encryptionKeys: KeyRing;
  /** What new keys are made for. Default EdDSA. */
  readonly algorithm?: SigningAlgorithm;
  /** Lets tokens be signed with RS256, which has no security proof. Default false. */
  readonly dangerouslyAllowRs256?: boolean;
  /** Names the set, where a storage holds several. Default `default`. */
  readonly name?: string;
  /** How long a key signs. Default 30 days; a second to 400 days, and never so short that more than 90 keys are published at once. */
  readonly rotateEveryMs?: number;
  /** How long a key is published before it signs. Default an hour; at least `jwksMaxAgeMs + 2 * refreshMs`. */
  readonly publishAheadMs?: number;
  /** How long a key is published after its last signature: the longest life of a token, and more. Default an hour. */
  readonly keepPreviousMs?: number;
  /** How long a verifier may keep the key set. Default 5 minutes; at most a day. */
  readonly jwksMaxAgeMs?: number;
  /** How often this process looks for what the others changed. Default a minute. */
  readonly refreshMs?: number;
  readonly events?: EventSink<TokenEvents>;
}

/** One key of a set, for an operator. */
export interface SigningKeyState {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly state: 'next' | 'current' | 'previous';
  /** Absolute milliseconds. */
  readonly signsFrom: number;
}

/** Signing keys that rotate by themselves. */
export interface RotatingSigningKeys extends SigningKeys {
  list(): Promise<readonly SigningKeyState[]>;
  /**
   * Makes a new key, unless one is waiting for its turn, and returns its id. It signs once it has been published for
   * `publishAheadMs`; with `immediately` at once, and verifiers that hold the old key set must ask again first.
   */
  rotate(options?: { readonly immediately?: boolean }): Promise<string>;
  /**
   * Removes a key that was stolen: what it signed is refused as soon as verifiers fetch the key set again. If it was the
   * one that signs, a new one does at once.
   */
  remove(kid: string): Promise<void>;
}

// Verifiers take 100 keys of a set; beside these there are the current one and some to spare.
const maxPublished = 90;

type LoadedKey = ImportedKey & { readonly signsFrom: number };

interface Loaded {
  readonly keys: readonly LoadedKey[];
  /** When the read began. */
  readonly at: number;
  /** Orders reads of one millisecond. */
  readonly turn: number;
}

/**
 * Signing keys in the storage, rotated with an overlap: the next key is published for `publishAheadMs` before it signs,
 * and the previous one for `keepPreviousMs` after. Any number of processes share a set; a change is one compare-and-set,
 * so that all of them move together. Private keys are sealed; the database alone signs nothing, and what it holds cannot
 * be exchanged for another's key. While the storage is down, a process goes on with the keys it holds for as long as no
 * other process can have begun to sign with one that it does not know.
 * @throws {JwtError} `invalid_option`
 * @see RFC 7517
 */
export function createSigningKeys(options: SigningKeysOptions): RotatingSigningKeys {
  const { storage, clock = Date.now, random = systemRandom, name = 'default', events } = options;
  const algorithm = checkSigningAlgorithm(
    'algorithm',
    options.algorithm ?? 'EdDSA',
    options.dangerouslyAllowRs256 ?? false,
  );
  const jwksMaxAgeMs = durationOption('jwksMaxAgeMs', options.jwksMaxAgeMs, { fallback: 5 * minute, min: 0, max: day });
  const refreshMs = durationOption('refreshMs', options.refreshMs, { fallback: minute, min: 1, max: hour });
  const publishAheadMs = durationOption('publishAheadMs', options.publishAheadMs, {
    fallback: Math.max(hour, jwksMaxAgeMs + 2 * refreshMs),
    min: jwksMaxAgeMs + 2 * refreshMs,
    max: 30 * day,
  });
  const schedule = {
    publishAheadMs,
    leadMs: 2 * refreshMs,
    rotateEveryMs: durationOption('rotateEveryMs', options.rotateEveryMs, {
      fallback: 30 * day,
      min: second,
      max: 400 * day,
    }),
    keepPreviousMs: durationOption('keepPreviousMs', options.keepPreviousMs, {
      fallback: hour,
      min: second,
      max: 400 * day,
    }),
  };
  if ((publishAheadMs + schedule.keepPreviousMs) / schedule.rotateEveryMs > maxPublished) {
    throw invalidOption(
      'rotateEveryMs',
      `more than ${maxPublished} keys would be published at once; rotate less often, or publish them for less time`,
    );
  }
  if (!/^[\w.-]{1,100}$/.test(name)) throw invalidOption('name', 'use 1 to 100 letters, digits, _, . and -');
  const sealer = createSealer(options.encryptionKeys, { random });
  const records = storage.collection(signingKeyCollection);
  const imported = new Map<string, ImportedKey>();
  const removedListeners = new Set<() => void>();
  let loaded: Loaded | undefined;
  let turns = 0;
  let failedAt = Number.NEGATIVE_INFINITY;
  let refreshing: Promise<Loaded> | undefined;

  async function makeKey(): Promise<Omit<StoredSigningKey, 'signsFrom'>> {
    const jwk = await generateKey(algorithm, random);
    const kid = jwk.kty === 'oct' ? crypto.randomUUID() : thumbprint(jwk);
    return { kid, algorithm, sealed: await sealer.seal(JSON.stringify(jwk), contextOf({ kid, algorithm })) };
  }

  // A sealed key cannot be moved to another set or id, or be read as another algorithm's.
  function contextOf({ kid, algorithm: own }: Pick<StoredSigningKey, 'kid' | 'algorithm'>): string {
    return JSON.stringify(['portcullis signing key v1', name, kid, own]);
  }

  async function open(key: StoredSigningKey): Promise<string> {
    const text = await sealer.open(key.sealed, contextOf(key));
    if (text !== undefined) return text;
    throw new JwtError(
      'invalid_key',
      'encryptionKeys: a stored signing key was sealed with a key that is not in the ring, or was changed in the storage. Put the old key back until no signing key needs it.',
    );
  }

  /** The sealed texts anew, of the keys whose sealing key is no longer the current one. */
  async function reseal(keys: readonly StoredSigningKey[]): Promise<ReadonlyMap<string, string>> {
    const outdated = keys.filter(({ sealed }) => sealer.isOutdated(sealed));
    return new Map(
      await Promise.all(
        outdated.map(async (key) => [key.sealed, await sealer.seal(await open(key), contextOf(key))] as const),
      ),
    );
  }

  async function importKey(key: StoredSigningKey): Promise<LoadedKey> {
    const { kid, algorithm: own, sealed, signsFrom } = key;
    const known = imported.get(sealed) ?? (await importOwnKey(JSON.parse(await open(key)) as Jwk, kid, own, 'storage'));
    imported.set(sealed, known);
    return { ...known, signsFrom };
  }

  async function adopt(keys: readonly StoredSigningKey[], { at, turn }: Omit<Loaded, 'keys'>): Promise<Loaded> {
    const next = { keys: await Promise.all(keys.map(importKey)), at, turn };
    // A slow read must not bring back what was removed meanwhile.
    if (loaded !== undefined && loaded.turn > turn) return loaded;
    const alive = new Set(keys.map(({ sealed }) => sealed));
    for (const sealed of imported.keys()) if (!alive.has(sealed)) imported.delete(sealed);
    const gone = loaded?.keys.some(({ kid }) => !keys.some((key) => key.kid === kid)) ?? false;
    loaded = next;
    if (gone) for (const listener of [...removedListeners]) listener();
    return next;
  }

  /** Changes the set by compare-and-set; `change` answers `undefined` to leave it. */
  async function changeSet(
    change: (keys: readonly StoredSigningKey[], now: number) => readonly StoredSigningKey[] | undefined,
  ): Promise<Loaded> {
    const at = clock();
    let before: readonly StoredSigningKey[] = [];
    const stored = await modify(records, name, (current): SigningKeySetRecord | undefined => {
      before = current?.keys ?? [];
      const keys = change(before, clock());
      return keys && { id: name, createdAt: current?.createdAt ?? clock(), keys };
    });
    const after = stored?.record.keys ?? [];
    for (const { kid, signsFrom, algorithm: own } of after) {
      if (!before.some((key) => key.kid === kid)) events?.emit('signing_key.added', { kid, algorithm: own, signsFrom });
    }
    for (const { kid } of before)
      if (!after.some((key) => key.kid === kid)) events?.emit('signing_key.removed', { kid });
    return adopt(after, { at, turn: ++turns });
  }

  async function load(): Promise<Loaded> {
    const at = clock();
    const turn = ++turns;
    const stored = await records.get(name, { fresh: true });
    const keys = stored?.record.keys ?? [];
    const plan = planKeys(keys, at, schedule);
    const resealed = await reseal(keys);
    if (plan.add === undefined && plan.remove.length === 0 && resealed.size === 0) return adopt(keys, { at, turn });
    // Made beforehand, because a compare-and-set may be tried several times; the one that loses is thrown away.
    const fresh = plan.add === undefined ? undefined : await makeKey();
    return changeSet((current, now) => {
      const { add, remove } = planKeys(current, now, schedule);
      const stale = current.some(({ sealed }) => resealed.has(sealed));
      if (add === undefined && remove.length === 0 && !stale) return undefined;
      const kept = current
        .filter(({ kid }) => !remove.includes(kid))
        .map((key) => ({ ...key, sealed: resealed.get(key.sealed) ?? key.sealed }));
      return add === undefined || fresh === undefined ? kept : [...kept, { ...fresh, signsFrom: add }];
    });
  }

  function refresh(): Promise<Loaded> {
    refreshing ??= load()
      .catch((error: unknown) => {
        failedAt = clock();
        throw error;
      })
      .finally(() => {
        refreshing = undefined;
      });
    return refreshing;
  }

  /** The keys; `trustMs` is how old they may be when the storage does not answer. */
  function keysAt(now: number, trustMs: number): MaybePromise<readonly LoadedKey[]> {
    const held = loaded;
    if (held === undefined) return refresh().then(({ keys }) => keys);
    const age = now - held.at;
    if (age >= 0 && age < refreshMs && planKeys(held.keys, now, schedule).add === undefined) return held.keys;
    const usable = age >= 0 && age <= trustMs;
    // Who signs must not wait for a storage that has just failed to answer.
    if (usable && now >= failedAt && now < failedAt + refreshMs) return held.keys;
    const fresh = refresh();
    if (age >= 0 && age < 2 * refreshMs) {
      // The next call waits for it, and reports what is wrong.
      fresh.then(undefined, () => undefined);
      return held.keys;
    }
    return fresh.then(
      ({ keys }) => keys,
      (error: unknown) => {
        if (usable && isPortcullisError(error, 'storage_unavailable')) return held.keys;
        throw error;
      },
    );
  }

  return Object.freeze({
    jwksMaxAgeMs,
    maxTokenLifetimeMs: schedule.keepPreviousMs,

    current() {
      const now = clock();
      return andThen(keysAt(now, publishAheadMs), (keys) => {
        const key = currentKey(keys, now);
        // Only where this process' clock is behind that of the one which made the first key.
        return key ?? (keys[0] as LoadedKey);
      });
    },

    find(hint) {
      const now = clock();
      return andThen(keysAt(now, publishAheadMs), (keys) => {
        const known = lookUp(keys, hint);
        // Another process may have rotated at once. Not for every junk kid: a second's pause lies between.
        if (known.outcome === 'found' || now - (loaded?.at ?? now) < second) return known;
        return refresh().then((fresh) => lookUp(fresh.keys, hint));
      });
    },

    onRemoved(listener) {
      const own = (): void => listener();
      removedListeners.add(own);
      return () => {
        removedListeners.delete(own);
      };
    },

    ready: () => andThen(keysAt(clock(), publishAheadMs), () => undefined),

    jwks() {
      return andThen(keysAt(clock(), publishAheadMs - jwksMaxAgeMs), (keys) => ({
        keys: keys.flatMap((key) => key.publicJwk ?? []),
      }));
    },

    async list() {
      const { keys } = await refresh();
      const now = clock();
      const current = currentKey(keys, now);
      return keys.map(({ kid, algorithm: own, signsFrom }) => ({
        kid,
        algorithm: own,
        signsFrom,
        state: kid === current?.kid ? 'current' : signsFrom > now ? 'next' : 'previous',
      }));
    },

    async rotate({ immediately = false } = {}) {
      await refresh();
      const fresh = await makeKey();
      const { keys } = await changeSet((current, now) => {
        const waiting = current.some((key) => key.signsFrom > now);
        if (waiting && !immediately) return undefined;
        // A waiting key would take over from the new one in its turn; it stays published for nothing, so it goes.
        const kept = current.filter((key) => key.signsFrom <= now);
        return [...kept, { ...fresh, signsFrom: immediately ? now : now + publishAheadMs }];
      });
      return (keys.at(-1) as LoadedKey).kid;
    },

    async remove(kid) {
      await refresh();
      const fresh = await makeKey();
      await changeSet((current, now) => {
        if (!current.some((key) => key.kid === kid)) return undefined;
        const kept = current.filter((key) => key.kid !== kid);
        const signs = currentKey(current, now)?.kid !== kid;
        const waiting = kept.filter((key) => key.signsFrom > now);
        // In the order of their turns: one that is waiting keeps its place after the new one.
        return signs ? kept : [...kept.filter((key) => key.signsFrom <= now), { ...fresh, signsFrom: now }, ...waiting];
      });
    },
  } satisfies RotatingSigningKeys);
}
