import {
  type Environment,
  isPromise,
  type MaybePromise,
  modify,
  type Storage,
  type Stored,
  andThen,
} from '@portcullis/core';
import { day, durationOption, minute, second } from '../duration.js';
import { invalidOption } from '../errors.js';
import type { Revocation, RevocationCheck, TokenFacts } from '../verify/revocation-check.js';
import { createRevocationChannel } from './revocation-channel.js';
import { type RevocationRecord, revocationCollection, revocationId } from './revocation-record.js';
import { createVerdicts } from './verdicts.js';

/** What `createRevocations` takes. */
export interface RevocationsOptions extends Pick<Environment, 'clock'> {
  /** Where revocations are kept: the same for the issuer and for every service that verifies. */
  readonly storage: Storage;
  /** The issuer meant where a call names none. */
  readonly issuer: string;
  /**
   * Milliseconds for which this process may go on believing that a token is not revoked. The storage's bus makes it
   * hear of a revocation at once, but a bus can lose a message: this is the only hard bound, and without a bus it is the
   * usual delay. 0 asks the storage for every request; at most 300,000; default 5,000.
   */
  readonly staleMs?: number;
  /** Tokens whose verdict is remembered. 0 to 10,000,000; default 50,000. */
  readonly maxRemembered?: number;
  /**
   * The longest that any token lives, from `iat` to `exp`, in milliseconds: how long a user's not-before is kept. A
   * token that lives longer counts as revoked, because nobody could tell. Default 30 days; at most 400.
   */
  readonly maxTokenLifetimeMs?: number;
}

/** What was revoked of a user. Absolute milliseconds. */
export interface UserRevocation {
  /** Tokens issued up to this instant are dead. */
  readonly notBefore: number;
  /** When that was said. `notBefore` may be some milliseconds later, because it grows with every call. */
  readonly revokedAt: number;
}

/** Revocation of JWTs before they expire, and the verifier's check of it. */
export interface Revocations extends RevocationCheck {
  /** Kills one token until its `exp` (absolute milliseconds). Keyed by (iss, jti): every encoding of the token is dead. */
  revokeToken(token: { readonly iss?: string; readonly jti: string; readonly expiresAt: number }): Promise<void>;
  /**
   * Kills every token of a user issued up to now. Returns the instant, absolute milliseconds: tokens issued after the
   * call returned are later than it. For logins, use the issuer's `revokeAll`, which ends the refresh tokens too.
   */
  revokeUser(sub: string, options?: { readonly iss?: string }): Promise<number>;
  /** Kills every token whose `sid` names a login. `expiresAt`: when the last of them will have expired. */
  revokeFamily(sid: string, options?: { readonly iss?: string; readonly expiresAt?: number }): Promise<void>;
  /** What was revoked of a user, asked past every cache; `undefined` for nothing. */
  userRevocation(sub: string, options?: { readonly iss?: string }): MaybePromise<UserRevocation | undefined>;
  isRevoked(token: TokenFacts): MaybePromise<boolean>;
  onRevoked(listener: (revocation: Revocation) => void, lost?: () => void): () => void;
  /** Ends the subscription to the bus. */
  close(): void;
}

// A verifier tolerates a clock that is behind, and goes on taking a token for as long.
const tolerance = 10 * minute;

/**
 * Revocation that every process sharing the storage obeys: by (iss, jti), by user from an instant on, and by login.
 *
 * A revocation is stored, taken up here, told on the bus, and only then acknowledged. What is checked: the storage, at
 * most `staleMs` ago. What is not: services that verify with the public keys alone and share no storage; for them a
 * token lives until its `exp`.
 *
 * A storage that does not answer throws `StorageUnavailableError`, never "not revoked".
 * @throws {JwtError} `invalid_option`
 * @see RFC 7009, ASVS 5.0 7.4.1
 */
export function createRevocations(options: RevocationsOptions): Revocations {
  const { storage, issuer, clock = Date.now, maxRemembered = 50_000 } = options;
  if (typeof issuer !== 'string' || issuer === '') throw invalidOption('issuer', 'give the iss of the tokens');
  if (!Number.isSafeInteger(maxRemembered) || maxRemembered < 0 || maxRemembered > 10_000_000) {
    throw invalidOption('maxRemembered', 'give a whole number from 0 to 10,000,000');
  }
  const staleMs = durationOption('staleMs', options.staleMs, { fallback: 5 * second, min: 0, max: 5 * minute });
  const lifetime = durationOption('maxTokenLifetimeMs', options.maxTokenLifetimeMs, {
    fallback: 30 * day,
    min: second,
    max: 400 * day,
  });
  const records = storage.collection(revocationCollection);
  const verdicts = createVerdicts({ max: maxRemembered, staleMs: maxRemembered === 0 ? 0 : staleMs });
  const listeners = new Set<Listener>();
  // Counts what was heard, so that a question that was under way meanwhile is not remembered.
  let heard = 0;

  function take(revocation: Revocation): void {
    heard += 1;
    verdicts.forget(revocation);
    each((listener) => listener.heard(revocation));
  }

  function lost(): void {
    heard += 1;
    verdicts.clear();
    each((listener) => listener.lost?.());
  }

  function each(call: (listener: Listener) => void): void {
    for (const listener of [...listeners]) {
      try {
        call(listener);
      } catch {
        // Listeners close streams early; `isRevoked` is what decides. One that fails must not keep the others from hearing.
      }
    }
  }

  const channel = createRevocationChannel(storage.bus, { heard: take, lost });

  async function tell(revocation: Revocation): Promise<void> {
    take(revocation);
    await channel.publish(revocation);
  }

  async function change(
    id: string,
    next: (current: RevocationRecord | undefined) => RevocationRecord,
  ): Promise<RevocationRecord> {
    try {
      const stored = await modify(records, id, next);
      // `next` always answers a record.
      return (stored as Stored<RevocationRecord>).record;
    } catch (error) {
      // It may have been written: what is remembered is worth nothing now.
      heard += 1;
      verdicts.clear();
      throw error;
    }
  }

  async function deny(kind: 'token' | 'family', id: string, expiresAt: number): Promise<void> {
    await change(id, (current) => ({
      id,
      kind,
      createdAt: current?.createdAt ?? clock(),
      // Never sooner than it was.
      expiresAt: Math.max(expiresAt, current?.expiresAt ?? 0),
    }));
  }

  function ask(token: TokenFacts, now: number): MaybePromise<boolean> {
    const { iss, jti, sub, sid, issuedAt, expiresAt } = token;
    if (expiresAt - (issuedAt ?? now) > lifetime) return true;
    const live = channel.live();
    const before = heard;
    const get = (kind: RevocationRecord['kind'], name: string | undefined): Asked =>
      name === undefined ? undefined : records.get(revocationId(kind, iss, name), { fresh: true });
    return andThen(together(get('token', jti), get('family', sid), get('user', sub)), ([byToken, byFamily, byUser]) => {
      const notBefore = byUser?.record.notBefore;
      // Rounded, because seconds with a fraction are not exact in binary.
      const older = notBefore !== undefined && Math.round(issuedAt ?? 0) <= notBefore;
      const revoked = byToken !== undefined || byFamily !== undefined || older;
      if (revoked || (live && before === heard)) verdicts.set(token, revoked, now);
      return revoked;
    });
  }

  return Object.freeze({
    revokeToken: async ({ iss = issuer, jti, expiresAt }) => {
      if (!Number.isSafeInteger(expiresAt)) throw invalidOption('expiresAt', "give the token's exp in milliseconds");
      const until = expiresAt + tolerance;
      if (until <= clock()) return;
      await deny('token', revocationId('token', iss, jti), until);
      await tell({ kind: 'token', iss, jti });
    },

    revokeUser: async (sub, { iss = issuer } = {}) => {
      const id = revocationId('user', iss, sub);
      const set = async (least: (current: number | undefined) => number): Promise<number> => {
        const { notBefore = 0 } = await change(id, (current) => {
          const until = least(current?.notBefore);
          const now = clock();
          const revokedAt = Math.max(now, current?.revokedAt ?? 0);
          return {
            id,
            kind: 'user',
            createdAt: current?.createdAt ?? now,
            notBefore: until,
            revokedAt,
            expiresAt: until + lifetime + tolerance,
          };
        });
        return notBefore;
      };
      // Later than every not-before there was, so that two in one millisecond are two: what began between them falls to the second.
      const first = await set((current) => Math.max(clock(), (current ?? -1) + 1));
      // A login that looked before the first write was there may have begun later than `first`; it cannot have begun
      // later than now. The second write catches it, and no login that looks from now on is harmed by it.
      const now = clock();
      const notBefore = now > first ? await set((current) => Math.max(now, current ?? 0)) : first;
      await tell({ kind: 'user', iss, sub, notBefore });
      return notBefore;
    },

    revokeFamily: async (sid, { iss = issuer, expiresAt = clock() + lifetime } = {}) => {
      if (!Number.isSafeInteger(expiresAt)) throw invalidOption('expiresAt', 'give absolute milliseconds');
      await deny('family', revocationId('family', iss, sid), expiresAt + tolerance);
      await tell({ kind: 'family', iss, sid });
    },

    userRevocation: (sub, { iss = issuer } = {}) =>
      andThen(records.get(revocationId('user', iss, sub), { fresh: true }), (stored) => {
        const { notBefore = 0, revokedAt = 0 } = stored?.record ?? {};
        return stored && { notBefore, revokedAt };
      }),

    isRevoked(token) {
      const now = clock();
      return verdicts.get(token, now) ?? ask(token, now);
    },

    onRevoked(listener, missed) {
      channel.live();
      // An object of its own: the same function may be added twice and taken out once.
      const own = { heard: listener, lost: missed };
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },

    close: () => channel.close(),
  } satisfies Revocations);
}

interface Listener {
  readonly heard: (revocation: Revocation) => void;
  readonly lost: (() => void) | undefined;
}

type Asked = MaybePromise<Stored<RevocationRecord> | undefined>;
type Answered = Stored<RevocationRecord> | undefined;

function together(a: Asked, b: Asked, c: Asked): MaybePromise<readonly [Answered, Answered, Answered]> {
  if (isPromise(a) || isPromise(b) || isPromise(c)) return Promise.all([a, b, c]);
  return [a, b, c];
}
