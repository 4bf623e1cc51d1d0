import type { MaybePromise } from '../runtime/maybe-promise.js';

/**
 * What every stored record has. Times are absolute milliseconds; data is JSON (safe integers, bigint as string), and its text and field
 * names are well-formed and hold no NUL, since not every database can store them.
 */
export interface StoredRecord {
  /** Well-formed string, 1 to 255 UTF-8 bytes, no NUL. */
  readonly id: string;
  /** Never changes after `create`. */
  readonly createdAt: number;
  /** From this millisecond on the record is absent. Without it the record stays until it is deleted. */
  readonly expiresAt?: number | undefined;
  /** Last use, written by `touch`. */
  readonly touchedAt?: number | undefined;
}

/** The fields of `T` that hold a string: what an index can be built on. */
export type StringField<T> = {
  [K in keyof T]-?: NonNullable<T[K]> extends string
    ? undefined extends T[K]
      ? K
      : T[K] extends string
        ? K
        : never
    : never;
}[keyof T] &
  string;

/** Names a collection and the string fields it can be listed and deleted by. */
export interface CollectionDefinition<T extends StoredRecord> {
  /** Lower-case letters, digits and `_`, 1 to 40 characters. */
  readonly name: string;
  /** Index values never change after `create`. A record without the field is in no page of that index. */
  readonly indexes?: readonly StringField<T>[];
}

/** Opaque. Never repeats for an id, not even when the record is deleted and created again. */
export type Version = string;

/** A record as it was read, with the version that `update` and `delete` compare. */
export interface Stored<T> {
  readonly record: T;
  readonly version: Version;
}

/** One page of a listing. A page may be short; the end is where there is no `cursor`. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor?: string | undefined;
}

/** What every storage call takes. */
export interface CallOptions {
  /** Stops waiting when it fires; the call then throws `StorageUnavailableError`. On a write the outcome is unknown. */
  readonly signal?: AbortSignal | undefined;
  /** Stops waiting after so many milliseconds. Default: the storage's own `timeoutMs` option. */
  readonly timeoutMs?: number | undefined;
}

/** One record's activity, as `touch` writes it. */
export interface Touch {
  readonly id: string;
  readonly touchedAt: number;
  readonly expiresAt?: number | undefined;
}

/** A page asked of one index. */
export interface ListQuery<T extends StoredRecord> {
  readonly index: StringField<T>;
  readonly value: string;
  readonly cursor?: string | undefined;
  /** 1 to 1000. */
  readonly limit: number;
}

/** A page asked of the whole collection. */
export interface ScanQuery {
  readonly cursor?: string | undefined;
  /** 1 to 1000. */
  readonly limit: number;
}

/**
 * Records of one kind. Every adapter gives the same meaning (docs/design):
 *
 * - `create` treats an expired record that nobody swept as absent and replaces it in one atomic step.
 * - `get` never returns an expired record. `get`, `take` and `delete` of an id that could not exist answer "absent".
 * - `update` compares the version and sets; it throws when `createdAt` or an index value differs. Of two `touchedAt` it keeps the later.
 * - `touch` only moves `touchedAt` and `expiresAt` forward; it never creates, revives or bumps the version.
 * - `list` is newest first by (createdAt, bytes of the id); an acknowledged live record is never missing. A cursor that no listing gave
 *   throws `invalid_cursor`, since cursors come back from clients.
 * - An outage throws `StorageUnavailableError`; it is never "not found". On a write it means that the outcome is unknown.
 */
export interface Collection<T extends StoredRecord> {
  /** The new record's version, or `undefined` when the id lives already. */
  create(record: T, call?: CallOptions): MaybePromise<Version | undefined>;
  /** `fresh` asks past every cache. */
  get(id: string, call?: CallOptions & { readonly fresh?: boolean }): MaybePromise<Stored<T> | undefined>;
  /** The new version, or `undefined` when the record is gone or its version is another. */
  update(id: string, version: Version, record: T, call?: CallOptions): MaybePromise<Version | undefined>;
  touch(entries: readonly Touch[], call?: CallOptions): MaybePromise<void>;
  /** Reads and deletes in one step: one winner of any number of callers. */
  take(id: string, call?: CallOptions): MaybePromise<T | undefined>;
  /** Whether a live record was deleted. With `version`, only that version. */
  delete(id: string, call?: CallOptions & { readonly version?: Version }): MaybePromise<boolean>;
  list(query: ListQuery<T>, call?: CallOptions): MaybePromise<Page<Stored<T>>>;
  /**
   * Deletes every record of an index value whose create was acknowledged before the call began, but for the id `except`.
   * The number of living records deleted; expired ones go too. Concurrent creates are not excluded: see `docs/design` on the fence.
   */
  deleteWhere(
    index: StringField<T>,
    value: string,
    call?: CallOptions & { readonly except?: string },
  ): MaybePromise<number>;
  /** For export and tools; never in a request. Order is the adapter's own. */
  scan(query: ScanQuery, call?: CallOptions): MaybePromise<Page<Stored<T>>>;
  /** Deletes up to `limit` expired records; the number deleted. */
  deleteExpired(limit: number, call?: CallOptions): MaybePromise<number>;
}

/** So many units a window; the window opens at its first use. */
export interface FixedWindow {
  readonly algorithm: 'fixed-window';
  /** Units a window, a positive safe integer. */
  readonly limit: number;
  readonly windowMs: number;
}

/** Generic cell rate algorithm: `limit` units a window, flowing back evenly, with at most `burst` at once. */
export interface Gcra {
  readonly algorithm: 'gcra';
  readonly limit: number;
  readonly windowMs: number;
  /** Units that may be used at once. Default: `limit`. */
  readonly burst?: number;
}

export type CounterRule = FixedWindow | Gcra;

/** What a counter answered. */
export interface Consumption {
  readonly allowed: boolean;
  /** Units left now; 0 when refused. */
  readonly remaining: number;
  /** When the counter is whole again (fixed window: when the window ends), absolute milliseconds. */
  readonly resetAt: number;
  /** When this cost would be allowed; `now` when it was; `Number.MAX_SAFE_INTEGER` when it never would be. Absolute milliseconds. */
  readonly retryAt: number;
}

export interface ConsumeOptions extends CallOptions {
  /** Units, an integer of 0 or more; 0 asks without using. Default 1. */
  readonly cost?: number;
  /** Counts even past the limit (metering what has already happened). Default false. */
  readonly force?: boolean;
}

/**
 * Atomic counters. A refused cost uses nothing. They never go backwards, whatever a caller's clock says. A key belongs to one rule: with
 * another algorithm or `windowMs` it starts anew, while `limit` and `burst` may change and units stay used.
 */
export interface Counters {
  consume(key: string, rule: CounterRule, options?: ConsumeOptions): MaybePromise<Consumption>;
  reset(key: string, call?: CallOptions): MaybePromise<void>;
}

export interface BusListener {
  message(text: string): void;
  /** Messages may have been missed: forget what depends on having seen them all. Called when the connection breaks, and again when it is back. */
  lost(): void;
}

/** Messages between the processes that share a storage. At most once: a lost connection is reported, never repaired in silence. */
export interface Bus {
  publish(channel: string, text: string): MaybePromise<void>;
  /** The function returned ends the subscription. */
  subscribe(channel: string, listener: BusListener): MaybePromise<() => void>;
}

/** Facts that a feature may refuse to run without. Data, never sniffed. */
export interface StorageCapabilities {
  /** Several processes see the same records. */
  readonly shared: boolean;
  /** An acknowledged write survives a crash of the database. */
  readonly durable: boolean;
  /** `bus` is there. */
  readonly bus: boolean;
}

/** One storage serves every feature: keys, sessions, refresh tokens, counters. */
export interface Storage {
  collection<T extends StoredRecord>(definition: CollectionDefinition<T>): Collection<T>;
  readonly counters: Counters;
  readonly bus?: Bus;
  readonly capabilities: StorageCapabilities;
  /** Lets go of what the adapter itself opened (a bus connection, a timer); never the client it was given. */
  close?(): MaybePromise<void>;
}
