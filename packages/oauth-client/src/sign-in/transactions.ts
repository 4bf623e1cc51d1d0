import {
  type Clock,
  type Collection,
  type CollectionDefinition,
  encodeBase64url,
  type Exchange,
  modify,
  type Random,
  type Sealer,
  sha256,
  type Storage,
  type StoredRecord,
} from '@portcullis/core';
import { expireCookie, parseCookies, readCookie, serializeCookie } from '@portcullis/core/cookies';
import type { AuthorizationTransaction } from './authorization-request.js';
import { OAuthError } from '../errors.js';

/** A sign-in under way. */
export interface SignInTransaction extends AuthorizationTransaction {
  readonly provider: string;
  readonly returnTo: string;
  /** Absolute milliseconds. */
  readonly startedAt: number;
  /** Who began it, when it is to link an identity. */
  readonly linkUser?: string | undefined;
}

/** As it is stored: its id is the hash of the state, and only the browser that began it can have it opened. */
export interface TransactionRecord extends StoredRecord {
  readonly sealed: string;
}

/** Where sign-ins under way live. Pass it to the adapter's migrations. */
export const transactionCollection: CollectionDefinition<TransactionRecord> = /* @__PURE__ */ Object.freeze({
  name: 'oauth_transactions',
});

/** What `createTransactions` needs. */
export interface TransactionParts {
  /** `undefined`: the whole transaction is in the cookie. */
  readonly storage: Storage | undefined;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
}

/** Keeps sign-ins between their begin and their end. */
export interface Transactions {
  /** Keeps one, and binds it to the browser. */
  begin(exchange: Exchange, transaction: SignInTransaction): Promise<void>;
  /** Takes the one of this state, once, from the browser that it was begun in. @throws {OAuthError} `sign_in_unknown`, `sign_in_cross_site` */
  take(exchange: Exchange, state: string | null): Promise<SignInTransaction>;
  /** Puts what a provider posted aside, for the browser's next request. */
  park(exchange: Exchange, state: string, parameters: URLSearchParams): Promise<void>;
  /** What was put aside for this state. */
  unpark(exchange: Exchange, state: string): Promise<URLSearchParams | undefined>;
}

const lifetimeMs = 600_000;
const parkedMs = 60_000;
// Each begun sign-in is a cookie: without a bound another site could have a browser collect so many that servers refuse its requests.
const maxTabs = 20;
const prefix = '__Host-oauth-';
// One for all sign-ins: the request that sets it comes from another site, which could have a browser collect any number of them.
const parkedCookie = '__Host-oauth_post';
const maxParked = 3_500;
const stateShape = /^[\w-]{43}$/;
const attributes = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const;

interface Sealed {
  readonly expiresAt: number;
  readonly transaction: SignInTransaction;
}

/**
 * Every sign-in has a cookie of its own, so that tabs know nothing of each other, and its record is sealed under what stands in that cookie. SameSite=Lax is
 * enough: a provider's GET is a top-level navigation, and what one posts is put aside for a GET of ours (`park`).
 */
export function createTransactions({ storage, sealer, clock, random }: TransactionParts): Transactions {
  const records: Collection<TransactionRecord> | undefined = storage?.collection(transactionCollection);
  const idOf = (state: string): string => sha256(state);
  const nameOf = (id: string): string => prefix + id.slice(0, 16);
  const parkedId = (state: string): string => sha256(`posted ${state}`);
  const parkedContext = (state: string): string => `oauth posted ${state}`;
  const contextOf = (state: string, secret: string): string => `oauth transaction ${state} ${secret}`;

  function write({ response }: Exchange, field: string): void {
    response.append('set-cookie', field);
    response.append('cache-control', 'no-store');
  }

  /** Drops the oldest of too many sign-ins that were never finished. A cookie's value begins with the time it was set. */
  function makeRoom(exchange: Exchange): void {
    const open = [...parseCookies(exchange.request.headerValues('cookie'))]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => ({ name, at: typeof value === 'string' ? Number.parseInt(value, 36) || 0 : 0 }))
      .sort((a, b) => a.at - b.at);
    for (const { name } of open.slice(0, Math.max(0, open.length - maxTabs + 1))) {
      write(exchange, expireCookie(name, attributes));
    }
  }

  async function open(sealed: string, context: string): Promise<SignInTransaction | undefined> {
    const text = await sealer.open(sealed, context);
    if (text === undefined) return undefined;
    const { expiresAt, transaction } = JSON.parse(text) as Sealed;
    if (clock() >= expiresAt) throw new OAuthError('sign_in_unknown');
    return transaction;
  }

  return {
    async begin(exchange, transaction) {
      const { state } = transaction;
      const now = clock();
      const expiresAt = now + lifetimeMs;
      const text = JSON.stringify({ expiresAt, transaction } satisfies Sealed);
      const id = idOf(state);
      let value: string;
      if (records === undefined) {
        value = await sealer.seal(text, contextOf(state, ''));
      } else {
        value = encodeBase64url(random(32));
        const sealed = await sealer.seal(text, contextOf(state, value));
        if ((await records.create({ id, createdAt: now, expiresAt, sealed })) === undefined) {
          throw new OAuthError('invalid_option', 'random: it gives the same bytes again and again');
        }
      }
      makeRoom(exchange);
      const stamped = `${now.toString(36)}.${value}`;
      write(exchange, serializeCookie(nameOf(id), stamped, { ...attributes, maxAge: lifetimeMs / 1000 }));
    },

    async take(exchange, state) {
      if (state === null || !stateShape.test(state)) throw new OAuthError('sign_in_unknown');
      const id = idOf(state);
      const stored = await records?.get(id, { fresh: true });
      if (records !== undefined && stored === undefined) throw new OAuthError('sign_in_unknown');
      const cookie = readCookie(exchange.request.headerValues('cookie'), nameOf(id));
      if (typeof cookie !== 'string')
        throw new OAuthError(records === undefined ? 'sign_in_unknown' : 'sign_in_cross_site');
      const value = cookie.slice(cookie.indexOf('.') + 1);
      const transaction = await (stored === undefined
        ? open(value, contextOf(state, ''))
        : open(stored.record.sealed, contextOf(state, value)));
      // Looked at before it is taken: another browser, that has the state only, must not be able to use it up.
      if (transaction === undefined) throw new OAuthError('sign_in_cross_site');
      if (records !== undefined && (await records.take(id)) === undefined) throw new OAuthError('sign_in_unknown');
      write(exchange, expireCookie(nameOf(id), attributes));
      return transaction;
    },

    async park(exchange, state, parameters) {
      if (!stateShape.test(state)) throw new OAuthError('sign_in_unknown');
      const sealed = await sealer.seal(parameters.toString(), parkedContext(state));
      if (sealed.length > maxParked) throw new OAuthError('sign_in_unknown', 'The provider posted too much.');
      if (records === undefined) {
        write(exchange, serializeCookie(parkedCookie, sealed, { ...attributes, maxAge: parkedMs / 1000 }));
        return;
      }
      // Only for what was begun here: nobody fills the storage with answers to nothing.
      if ((await records.get(idOf(state), { fresh: true })) === undefined) throw new OAuthError('sign_in_unknown');
      const now = clock();
      await modify(records, parkedId(state), (current) => ({
        id: parkedId(state),
        createdAt: current?.createdAt ?? now,
        expiresAt: now + parkedMs,
        sealed,
      }));
    },

    async unpark(exchange, state) {
      if (!stateShape.test(state)) return undefined;
      // Read and not taken: whoever knows the state alone could use it up. It is worth nothing without the sign-in.
      const stored = await records?.get(parkedId(state), { fresh: true });
      const cookie =
        records === undefined ? readCookie(exchange.request.headerValues('cookie'), parkedCookie) : undefined;
      const sealed = stored?.record.sealed ?? cookie;
      if (typeof sealed !== 'string') return undefined;
      if (cookie !== undefined) write(exchange, expireCookie(parkedCookie, attributes));
      const text = await sealer.open(sealed, parkedContext(state));
      return text === undefined ? undefined : new URLSearchParams(text);
    },
  };
}
