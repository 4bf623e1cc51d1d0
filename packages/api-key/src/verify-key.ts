import {
  andThen,
  type Clock,
  type Collection,
  type Denial,
  deny,
  type EventSink,
  type HeaderField,
  isPromise,
  type MaybePromise,
  sha256,
  timingSafeEqual,
} from '@portcullis/core';
import { rateLimitDenial, retryAfterSeconds } from '@portcullis/core/rate-limit';
import { type ApiKeyIdentity, type ApiKeyRecord, toIdentity } from './api-key.js';
import { type ApiKeyEvents, keyFacts, type KeyRejection } from './api-key-events.js';
import { addressAllowed } from './cidr.js';
import type { KeyReader } from './key-format.js';
import type { KeyLimits, LimitAnswer } from './key-limits.js';

/** What is known of the call beside its key. */
export interface VerifyContext {
  /** The client's address. Without it a key with `allowedAddresses` is refused. */
  readonly ip?: string | undefined;
  /** Units of the key's quota that the call uses, a whole number of 0 or more. Default 1. */
  readonly cost?: number | undefined;
}

/** The key is good, and within its limits. */
export interface VerifiedKey<E extends string = string> {
  readonly outcome: 'verified';
  readonly key: ApiKeyIdentity<E>;
  /** The key's scopes, or those of `defaultScopes`; `undefined` is no ceiling. */
  readonly scopes: readonly string[] | undefined;
  /** When this very key stops: its expiry, or the end of its grace where it is the one before a rotation. */
  readonly expiresAt: number | undefined;
  /** RateLimit fields for the response, where the key has limits. */
  readonly headers: readonly HeaderField[];
}

/** The key is not good. There is one such answer, whatever the reason: `api_key.rejected` has it, for audit. */
export interface RejectedKey {
  readonly outcome: 'rejected';
  /** 401 `invalid_token`. */
  readonly denial: Denial;
}

/** The key is good and has used up what it may. */
export interface LimitedKey {
  readonly outcome: 'limited';
  /** 429, with its header fields. */
  readonly denial: Denial;
  readonly retryAfterSeconds: number;
}

/** What `verify` answers. */
export type VerifyResult<E extends string = string> = VerifiedKey<E> | RejectedKey | LimitedKey;

/** What a verifier is made of. */
export interface VerifierParts<E extends string> {
  readonly keys: Collection<ApiKeyRecord>;
  readonly format: KeyReader<E>;
  readonly accept: ReadonlySet<string>;
  readonly parseImported: ParseImported;
  readonly defaultScopes: readonly string[] | undefined;
  readonly limits: KeyLimits;
  readonly used: (id: string, at: number) => void;
  readonly events: EventSink<ApiKeyEvents>;
  readonly clock: Clock;
}

/** Tells which key a text is. */
export interface Verifier<E extends string> {
  verify(plaintext: string, context?: VerifyContext): MaybePromise<VerifyResult<E>>;
  /** Whether a text looks like a key of this kind: no verdict. */
  looksLikeKey(text: string): boolean;
}

const noContext: VerifyContext = /* @__PURE__ */ Object.freeze({});
// As long as a digest, and equal to none: ! is no base64url character.
const decoy = '!'.repeat(43);

/** One object for every refusal, so that nothing in it can tell the reasons apart. */
const rejected: RejectedKey = /* @__PURE__ */ Object.freeze({
  outcome: 'rejected',
  denial: /* @__PURE__ */ Object.freeze(
    /* @__PURE__ */ deny('invalid_token', {
      detail: 'The API key is not valid.',
      challenge: { error: 'invalid_token' },
    }),
  ),
});

/** Reads the keys of another system. */
export type ParseImported = ((text: string) => string | undefined) | undefined;

/** The text that an imported key's hash was made of; `undefined` where it is not of that format. */
export function importedText(parse: ParseImported, text: string): string | undefined {
  if (parse === undefined || text.length > 512) return undefined;
  const hashed = parse(text);
  // Outside ASCII two texts could share a hash: a lone surrogate is hashed like U+FFFD.
  return hashed !== undefined && /^[\x21-\x7e]+$/.test(hashed) ? hashed : undefined;
}

/** 1: the current hash, 2: the previous one, 0: neither. */
export function compareHashes(digest: string, record: ApiKeyRecord | undefined): number {
  if (timingSafeEqual(digest, record?.hash ?? decoy)) return 1;
  return timingSafeEqual(digest, record?.previousHash ?? decoy) ? 2 : 0;
}

function limited({ states, headers }: LimitAnswer, now: number): LimitedKey {
  return {
    outcome: 'limited',
    denial: rateLimitDenial(states, { now, fields: headers }),
    retryAfterSeconds: retryAfterSeconds(states, now),
  };
}

/**
 * Makes the verifier. Every refusal has hashed once and compared twice, whether the text is junk, unknown or revoked,
 * so that what this process computes does not tell them apart. What is refused offline asks no storage and is faster by
 * that; it tells whether a checksum is right, which anybody can compute.
 */
export function createVerifier<E extends string>(parts: VerifierParts<E>): Verifier<E> {
  const { keys, format, accept, parseImported, defaultScopes, limits, used, events, clock } = parts;
  const brandPrefix = `${format.brand}_`;

  function reject(reason: KeyRejection, { ip }: VerifyContext, keyId?: string): RejectedKey {
    events.emit('api_key.rejected', { reason, keyId, ip });
    return rejected;
  }

  function rejectOffline(text: string, reason: KeyRejection, context: VerifyContext, keyId?: string): RejectedKey {
    compareHashes(sha256(text.slice(0, 128)), undefined);
    return reject(reason, context, keyId);
  }

  function refusal(
    record: ApiKeyRecord,
    matched: number,
    now: number,
    context: VerifyContext,
  ): KeyRejection | undefined {
    if (record.revokedAt !== undefined) return 'revoked';
    if (record.keyExpiresAt !== undefined && record.keyExpiresAt <= now) return 'expired';
    if (matched === 2 && (record.graceExpiresAt ?? 0) <= now) return 'grace_expired';
    if (!accept.has(record.environment)) return 'wrong_environment';
    if (record.allowedAddresses !== undefined && !addressAllowed(record.allowedAddresses, context.ip))
      return 'address_not_allowed';
    return undefined;
  }

  /** @param id what a native key claims to be. */
  function decide(
    record: ApiKeyRecord | undefined,
    digest: string,
    context: VerifyContext,
    id: string | undefined,
  ): MaybePromise<VerifyResult<E>> {
    const matched = compareHashes(digest, record);
    if (record === undefined || matched === 0) return reject('unknown', context, id);
    const now = clock();
    const reason = refusal(record, matched, now, context);
    if (reason !== undefined) {
      // The second comparison of every refusal.
      if (matched === 1) timingSafeEqual(digest, decoy);
      return reject(reason, context, record.id);
    }
    if (record.rateLimit === undefined && record.quota === undefined) return admit(record, matched, now, context, []);
    return andThen(limits.consume(record, context.cost ?? 1, now), (answer) => {
      const policies = answer.states.filter(({ violated }) => violated).map(({ name }) => name);
      if (policies.length === 0) return admit(record, matched, now, context, answer.headers);
      events.emit('api_key.limited', { ...keyFacts(record), policies, ip: context.ip });
      return limited(answer, now);
    });
  }

  function admit(
    record: ApiKeyRecord,
    matched: number,
    now: number,
    context: VerifyContext,
    headers: readonly HeaderField[],
  ): VerifiedKey<E> {
    used(record.id, now);
    const { graceExpiresAt, keyExpiresAt } = record;
    let expiresAt = keyExpiresAt;
    if (matched === 2 && graceExpiresAt !== undefined) {
      expiresAt = keyExpiresAt === undefined ? graceExpiresAt : Math.min(graceExpiresAt, keyExpiresAt);
      events.emit('api_key.old_key_seen', { ...keyFacts(record), graceExpiresAt, ip: context.ip });
    }
    if (events.wants('api_key.verified')) events.emit('api_key.verified', { ...keyFacts(record), ip: context.ip });
    return {
      outcome: 'verified',
      key: toIdentity<E>(record),
      scopes: record.scopes ?? defaultScopes,
      expiresAt,
      headers,
    };
  }

  /** @param id of a native key; an imported one is found by its hash, which is nobody's business until it is a key. */
  function look(text: string, context: VerifyContext, id?: string): MaybePromise<VerifyResult<E>> {
    const digest = sha256(text);
    const stored = keys.get(id ?? digest);
    return isPromise(stored)
      ? stored.then((found) => decide(found?.record, digest, context, id))
      : decide(stored?.record, digest, context, id);
  }

  return {
    verify(plaintext, context = noContext) {
      // A header view or a body of another make may hand over anything.
      if (typeof plaintext !== 'string') return rejectOffline('', 'malformed', context);
      const shape = format.shapeOf(plaintext);
      if (shape !== undefined) {
        const id = format.idOf(plaintext, shape);
        return accept.has(shape.environment)
          ? look(plaintext, context, id)
          : rejectOffline(plaintext, 'wrong_environment', context, id);
      }
      const text = importedText(parseImported, plaintext);
      return text === undefined ? rejectOffline(plaintext, 'malformed', context) : look(text, context);
    },

    looksLikeKey: (text) => text.startsWith(brandPrefix) || importedText(parseImported, text) !== undefined,
  };
}
