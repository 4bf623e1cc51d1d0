/** A bounded memory of tokens that were verified. */
export interface VerifiedTokens<T> {
  /** `undefined`: not known, or no longer good. */
  get(token: string, now: number): T | undefined;
  set(token: string, value: T, lifetime: Lifetime): void;
  forget(matches: (value: T) => boolean): void;
  clear(): void;
}

/** Absolute milliseconds. */
interface Lifetime {
  readonly now: number;
  /** The token's own expiry: no entry lives past it. */
  readonly expiresAt: number;
}

interface Entry<T> {
  readonly value: T;
  readonly since: number;
  readonly until: number;
}

/** What `createVerifiedTokens` takes. */
export interface VerifiedTokensOptions {
  readonly max: number;
  /** The longest time an entry is believed, in milliseconds. */
  readonly ttlMs: number;
}

/**
 * Two maps of half of `max` each: when the young one is full, the old one is dropped and they change places. A hit is one
 * lookup. The key is the whole token and never a digest of part of it, so that no two tokens can share an entry.
 */
export function createVerifiedTokens<T>({ max, ttlMs }: VerifiedTokensOptions): VerifiedTokens<T> {
  const half = Math.max(1, max >> 1);
  let young = new Map<string, Entry<T>>();
  let old = new Map<string, Entry<T>>();

  function put(token: string, entry: Entry<T>): void {
    if (young.size >= half && !young.has(token)) {
      old = young;
      young = new Map();
    }
    old.delete(token);
    young.set(token, entry);
  }

  return Object.freeze({
    get(token: string, now: number): T | undefined {
      const recent = young.get(token);
      const entry = recent ?? old.get(token);
      if (entry === undefined) return undefined;
      // A clock that was set back says nothing about how long ago this was.
      if (now >= entry.until || now < entry.since) return undefined;
      if (recent === undefined) put(token, entry);
      return entry.value;
    },
    set(token: string, value: T, { now, expiresAt }: Lifetime): void {
      put(token, { value, since: now, until: Math.min(expiresAt, now + ttlMs) });
    },
    forget(matches: (value: T) => boolean): void {
      for (const generation of [young, old]) {
        for (const [token, { value }] of generation) if (matches(value)) generation.delete(token);
      }
    },
    clear(): void {
      young.clear();
      old.clear();
    },
  });
}
