import {
  type Clock,
  CoreError,
  encodeBase64url,
  type EventSink,
  type Page,
  type Random,
  randomBase62,
  modify,
  Secret,
  type Storage,
  type Stored,
} from '@portcullis/core';
import { invalidOption, JwtError } from '../errors.js';
import type { RefreshRefusal, TokenEvents } from '../issue/token-events.js';
import type { Revocations } from '../revoke/revocations.js';
import {
  describeFamily,
  keyOfGeneration,
  type RefreshFamily,
  refreshFamilyCollection,
  type RefreshFamilyRecord,
} from './refresh-family.js';
import type { RefreshMacs } from './refresh-mac.js';
import { formatRefreshToken, parseRefreshToken } from './refresh-token.js';

/** What refresh tokens are made with; every value has been checked. Times in milliseconds. */
export interface RefreshTokensOptions {
  readonly storage: Storage;
  readonly macs: RefreshMacs;
  /** Carries the users' not-befores: the fence between a login and a revoke-all. */
  readonly revocations: Pick<Revocations, 'userRevocation' | 'revokeUser' | 'revokeFamily'>;
  readonly inactivityMs: number;
  readonly lifetimeMs: number;
  readonly graceMs: number;
  /** How long an access token of a login lives: a dead login is remembered for as long. */
  readonly accessLifetimeMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventSink<TokenEvents> | undefined;
}

/** What a login is, as the application states it. */
export type RefreshGrant = Pick<
  RefreshFamilyRecord,
  'subject' | 'clientId' | 'scope' | 'tenant' | 'authenticatedAt' | 'acr' | 'amr' | 'claims' | 'label'
>;

/** A refresh token that was given out. */
export interface GrantedRefresh {
  readonly ok: true;
  readonly token: Secret;
  readonly record: RefreshFamilyRecord;
  /** The moment that access tokens of this grant are issued at. It lies before the look at the not-before: see `fence`. */
  readonly at: number;
  /** The user's not-before then; what is issued must be later. */
  readonly notBefore: number | undefined;
  /** The same token had been given out already. */
  readonly repeated: boolean;
}

/** A refresh that was refused. */
export interface RefusedRefresh {
  readonly ok: false;
  readonly error: 'invalid_grant' | 'invalid_scope';
  readonly reason: RefreshRefusal;
}

/** A page of a user's logins. */
export interface RefreshListQuery {
  readonly cursor?: string | undefined;
  /** 1 to 1000. */
  readonly limit: number;
  /** Only logins of that tenant; a page may then be short. */
  readonly tenant?: string | undefined;
}

/** Refresh tokens: one row a login, rotated by compare-and-set. */
export interface RefreshTokens {
  /** `startedAt`: when the check of who it is began, before anything is looked up; a revoke-all since then refuses. */
  start(grant: RefreshGrant, startedAt: number): Promise<GrantedRefresh>;
  rotate(
    text: string,
    request: { readonly clientId: string; readonly scope: readonly string[] | undefined },
  ): Promise<GrantedRefresh | RefusedRefresh>;
  /** The login of a genuine token of any generation; kills nothing. */
  find(text: string): Promise<RefreshFamilyRecord | undefined>;
  end(record: RefreshFamilyRecord, reason: 'logout' | 'reuse' | 'revoked_by_user'): Promise<void>;
  get(family: string): Promise<RefreshFamilyRecord | undefined>;
  endAll(subject: string, except: string | undefined): Promise<number>;
  list(subject: string, query: RefreshListQuery): Promise<Page<RefreshFamily>>;
}

type Standing = 'current' | 'previous' | 'reused' | 'forged' | 'ahead';

// Every lost compare-and-set means that another call moved the row on, after which this one is a repetition or a reuse.
const attempts = 20;
// How long a spared login is protected from a revoke-all that dies before it has written down where it ended.
const sparingMs = 60_000;

/**
 * The construction: a token is `family.generation.mac`, its MAC covers the row's seed, and the row says which generation
 * may be used. Whoever may use generation n is given n + 1, which any process can compute; so a repeated or concurrent
 * call gets the same one, and nothing that is in the database can be used.
 */
export function createRefreshTokens(options: RefreshTokensOptions): RefreshTokens {
  const { storage, macs, revocations, clock, random, events } = options;
  const families = storage.collection(refreshFamilyCollection);

  const tokenOf = (record: RefreshFamilyRecord): Secret | undefined => {
    const { id: family, seed, generation } = record;
    const key = keyOfGeneration(record, generation);
    const mac = key === undefined ? undefined : macs.make(key, { seed, family, generation });
    return mac === undefined ? undefined : new Secret(formatRefreshToken({ family, generation, mac }));
  };

  const factsOf = ({ id, subject, clientId, tenant }: RefreshFamilyRecord) => ({
    family: id,
    subject,
    clientId,
    tenant,
  });

  function standing(record: RefreshFamilyRecord, generation: number, mac: string, now: number): Standing {
    const { id: family, seed, generation: current, rotatedAt } = record;
    const key = keyOfGeneration(record, generation);
    // Before anything else: who cannot make the MAC learns nothing and harms nothing.
    if (key === undefined || macs.verify(key, { seed, family, generation }, mac) !== true) return 'forged';
    if (generation === current) return 'current';
    if (generation > current) return 'ahead';
    return generation === current - 1 && now < rotatedAt + options.graceMs ? 'previous' : 'reused';
  }

  function successorOf(record: RefreshFamilyRecord, now: number): RefreshFamilyRecord {
    const generation = record.generation + 1;
    // Spans whose key has left the ring prove nothing any more.
    const keys = record.keys.filter((span) => macs.has(span.key));
    if (keys.at(-1)?.key !== macs.current) keys.push({ from: generation, key: macs.current });
    const expiresAt = Math.min(record.absoluteExpiresAt, now + options.inactivityMs);
    return { ...record, generation, rotatedAt: now, keys, expiresAt };
  }

  /**
   * The fence against a revoke-all that runs at the same time. It writes the not-before first and deletes after; so who
   * has written a row, or moved it on, looks at the not-before afterwards and takes back what is not later. A token's
   * `iat` is read from the clock before that look: if the look saw nothing, the not-before that comes is later than it.
   */
  async function fence(
    record: RefreshFamilyRecord,
  ): Promise<{ readonly passed: boolean; readonly notBefore: number | undefined }> {
    const notBefore = (await revocations.userRevocation(record.subject))?.notBefore;
    const spared = record.sparedUntil ?? record.createdAt - 1;
    return { passed: notBefore === undefined || notBefore < record.createdAt || notBefore <= spared, notBefore };
  }

  async function end(record: RefreshFamilyRecord, reason: 'logout' | 'reuse' | 'revoked_by_user'): Promise<void> {
    // The access tokens first: once the row is gone, a repeated call could not find them any more.
    await revocations.revokeFamily(record.id, { expiresAt: clock() + options.accessLifetimeMs });
    const deleted = await families.delete(record.id);
    if (deleted) events?.emit('tokens.revoked', { ...factsOf(record), reason });
  }

  function refuse(reason: RefreshRefusal, family: string | undefined, clientId: string): RefusedRefresh {
    events?.emit('tokens.refused', { reason, family, clientId });
    return { ok: false, error: reason === 'scope' ? 'invalid_scope' : 'invalid_grant', reason };
  }

  async function grant(
    record: RefreshFamilyRecord,
    at: number,
    repeated: boolean,
  ): Promise<GrantedRefresh | RefusedRefresh> {
    const { passed, notBefore } = await fence(record);
    if (!passed) {
      await end(record, 'revoked_by_user');
      return refuse('revoked', record.id, record.clientId);
    }
    const token = tokenOf(record);
    // Another process made this generation with a key that this one's ring lacks: nobody here can recompute it.
    if (token === undefined)
      throw invalidOption(
        'refresh.keys',
        'a key that is in use is missing from this ring; give every process the same keys',
      );
    events?.emit('tokens.refreshed', { ...factsOf(record), generation: record.generation, repeated });
    return { ok: true, token, record, at, notBefore, repeated };
  }

  async function rotateOnce(
    { record, version }: Stored<RefreshFamilyRecord>,
    presented: { readonly generation: number; readonly mac: string },
    request: { readonly clientId: string; readonly scope: readonly string[] | undefined },
  ): Promise<GrantedRefresh | RefusedRefresh | undefined> {
    const now = clock();
    const { clientId, scope } = request;
    const is = standing(record, presented.generation, presented.mac, now);
    if (is === 'forged' || is === 'ahead') return refuse(is, record.id, clientId);
    if (is === 'reused') {
      events?.emit('tokens.reuse_detected', {
        ...factsOf(record),
        generation: presented.generation,
        currentGeneration: record.generation,
      });
      await end(record, 'reuse');
      return refuse('reused', record.id, clientId);
    }
    if (record.clientId !== clientId) return refuse('wrong_client', record.id, clientId);
    if (scope?.some((name) => !record.scope.includes(name)) === true) return refuse('scope', record.id, clientId);
    if (is === 'previous') return grant(record, now, true);
    const next = successorOf(record, now);
    const written = await families.update(record.id, version, next);
    return written === undefined ? undefined : grant(next, now, false);
  }

  return Object.freeze({
    async start(given, startedAt) {
      const before = await revocations.userRevocation(given.subject);
      if (before !== undefined && before.revokedAt > startedAt) throw new JwtError('login_revoked');
      // Later than the revocation before it, even within its millisecond.
      const createdAt = Math.max(startedAt, (before?.notBefore ?? -1) + 1);
      const absoluteExpiresAt = createdAt + options.lifetimeMs;
      const seed = random(32);
      const record: RefreshFamilyRecord = {
        ...given,
        id: randomBase62(22, random),
        createdAt,
        expiresAt: Math.min(absoluteExpiresAt, createdAt + options.inactivityMs),
        absoluteExpiresAt,
        seed: encodeBase64url(seed),
        generation: 0,
        rotatedAt: createdAt,
        keys: [{ from: 0, key: macs.current }],
      };
      seed.fill(0);
      if ((await families.create(record)) === undefined)
        throw invalidOption('random', 'it gave an id twice; use a cryptographic generator');
      const { passed, notBefore } = await fence(record);
      if (!passed) {
        // Beginning again would let in who was authenticated with what has just been changed.
        await families.delete(record.id);
        throw new JwtError('login_revoked');
      }
      const token = tokenOf(record);
      if (token === undefined) throw invalidOption('refresh.keys', 'its current key is missing');
      events?.emit('tokens.issued', factsOf(record));
      return { ok: true, token, record, at: createdAt, notBefore, repeated: false };
    },

    async rotate(text, request) {
      const parts = parseRefreshToken(text);
      if (parts === undefined) return refuse('malformed', undefined, request.clientId);
      for (let left = attempts; left > 0; left--) {
        const stored = await families.get(parts.family, { fresh: true });
        if (stored === undefined) return refuse('unknown', parts.family, request.clientId);
        const answer = await rotateOnce(stored, parts, request);
        if (answer !== undefined) return answer;
      }
      throw new CoreError('storage_conflict', 'Every attempt lost to another. Try again.');
    },

    async find(text) {
      const parts = parseRefreshToken(text);
      const stored = parts && (await families.get(parts.family, { fresh: true }));
      if (parts === undefined || stored === undefined) return undefined;
      return standing(stored.record, parts.generation, parts.mac, clock()) === 'forged' ? undefined : stored.record;
    },

    end,

    async get(family) {
      return (await families.get(family, { fresh: true }))?.record;
    },

    async endAll(subject, except) {
      const spare = async (until: (notBefore: number) => number, at: number): Promise<void> => {
        if (except === undefined) return;
        await modify(families, except, (current) =>
          current === undefined || current.subject !== subject ? undefined : { ...current, sparedUntil: until(at) },
        );
      };
      // Before the not-before is there: a refresh of the spared login in between must not fall to it.
      await spare((at) => at + sparingMs, clock());
      const notBefore = await revocations.revokeUser(subject);
      await spare((at) => at, notBefore);
      const count = await families.deleteWhere('subject', subject, except === undefined ? {} : { except });
      events?.emit('tokens.user_revoked', { subject, count, except });
      return count;
    },

    async list(subject, { cursor, limit, tenant }) {
      const page = await families.list({ index: 'subject', value: subject, cursor, limit });
      const records = page.items.map(({ record }) => record);
      const own = tenant === undefined ? records : records.filter((record) => record.tenant === tenant);
      return { items: own.map(describeFamily), cursor: page.cursor };
    },
  } satisfies RefreshTokens);
}
