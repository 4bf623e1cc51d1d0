import {
  andThen,
  type Authenticator,
  type AuthRequest,
  createBackground,
  createRevocationSignal,
  createTouchBuffer,
  type EventListener,
  type Exchange,
  invalidOption,
  isPortcullisError,
  type MaybePromise,
  modify,
  type Page,
  type Principal,
} from '@portcullis/core';
import { createCurrentSession, type LiveSession } from './current-session.js';
import { endAll, type EndParts, endSession, watchSession } from './end-sessions.js';
import { SessionError } from './errors.js';
import { renew } from './renew.js';
import { type Session, type SessionInfo, sessionInfo, sessionOf } from './session.js';
import {
  createSessionAuthenticator,
  type SessionAuthenticatorOptions,
  type SessionPrincipal,
} from './session-authenticator.js';
import { asChanging, createSessionCsrf } from './session-csrf.js';
import { checkData } from './session-data.js';
import type { SessionEvents } from './session-events.js';
import { fenceCollection, type SessionRecord, sessionCollection, type SignInFacts } from './session-record.js';
import { parseSettings, type SessionsOptions } from './session-settings.js';
import { createRecord, proveOwnPage, type SignIn, signIn, type SignInParts } from './sign-in.js';

/** What signing out takes. */
export interface SignOut {
  /** Also tells the browser to drop caches, cookies and storage of this origin. Default false. */
  readonly clearSiteData?: boolean;
  readonly csrfToken?: string;
}

/** A strengthened or repeated sign-in. */
export interface Reauthentication extends Omit<SignInFacts, 'authenticatedAt'> {
  readonly csrfToken?: string;
}

/** Cookie sessions with their data on the server. */
export interface Sessions<D> {
  /**
   * Starts a user's session. Call it only after the user has proved who they are, by their own action: the cookie is set on
   * the response, an anonymous or earlier session of this browser is ended. Where they proved it earlier, say when: `authenticatedAt`.
   * @throws {SessionError} `session_cross_site`, `session_user_revoked`, `session_user_inactive`, `session_limit`, `session_data_invalid`.
   */
  signIn(exchange: Exchange, input: SignIn<D>): Promise<Session<D>>;
  /**
   * Notes that the user proved again who they are: a new secret, and both timeouts begin anew.
   * @throws {SessionError} `session_missing`, `session_cross_site`.
   */
  reauthenticate(exchange: Exchange, proof?: Reauthentication): Promise<Session<D>>;
  /**
   * Gives the session a new secret because its rights change (a role, a tenant), and changes its data in the same step.
   * @throws {SessionError} `session_missing`, `session_cross_site`, `session_data_invalid`.
   */
  renew(exchange: Exchange, change?: (data: D) => D): Promise<Session<D>>;
  /** Ends the session on the server and expires the cookie. Without a session it only expires the cookie. @throws {SessionError} `session_cross_site`. */
  signOut(exchange: Exchange, options?: SignOut): Promise<void>;
  /** Starts a session without a user, for a cart or a sign-in form; an existing one is kept. */
  anonymous(exchange: Exchange): Promise<Session<D>>;
  /** The request's session, anonymous or not. Answers at once where the storage does. */
  read(request: AuthRequest): MaybePromise<Session<D> | undefined>;
  /**
   * Changes the session's data by compare-and-set: `change` is asked again when another request wrote meanwhile, so that no
   * update is lost. It must have no effect of its own.
   * @throws {SessionError} `session_missing`, `session_data_invalid`.
   */
  update(request: AuthRequest, change: (data: D) => D): Promise<Session<D>>;
  /** A token for a form or a header of this session; each call gives another. @throws {CoreError} `invalid_option` without `csrf.key`. */
  csrfToken(session: Pick<SessionInfo, 'id'>): string;
  /** Whether a token that came in a body belongs to the session. */
  verifyCsrfToken(session: Pick<SessionInfo, 'id'>, token: string | undefined): boolean;
  /** A user's live sessions, newest first. A page may be short; no cursor means the end. */
  list(user: string, page?: { readonly cursor?: string; readonly limit?: number }): Promise<Page<SessionInfo>>;
  /** Ends one session by its public id. With `user`, only if it is theirs: pass it wherever the id comes from a request. Whether it was live. */
  revoke(id: string, options?: { readonly user?: string }): Promise<boolean>;
  /** Ends the user's other sessions, after a password or factor change. The number ended. @throws {SessionError} `session_missing`. */
  revokeOthers(request: AuthRequest): Promise<number>;
  /** Ends all of a user's sessions, those included whose sign-in is under way. Disable the user first. The number ended. */
  revokeAll(user: string): Promise<number>;
  /** Reads the session cookie, for `createGuard`. */
  authenticator<P extends Principal = SessionPrincipal>(options?: SessionAuthenticatorOptions<P, D>): Authenticator<P>;
  on<K extends keyof SessionEvents | '*'>(type: K, listener: EventListener<SessionEvents, K>): () => void;
  /** Writes activity now: for `waitUntil` on Workers, where timers do not outlive a request. */
  flush(): Promise<void>;
  /** Flushes a last time, and stops timer and subscription. The storage is left open. */
  close(): Promise<void>;
}

// What waits for one flush stays near a megabyte.
const maxWaiting = 10_000;
const flushMs = 5_000;

/**
 * Creates the session manager: an opaque id in a cookie, everything else on the server, ended at once.
 *
 * What is checked: the secret in constant time, idle and absolute timeout by the server's clock, where a changing request
 * came from. What is not: what a page of one of your own origins sends.
 *
 * @throws {CoreError} `invalid_option` naming the setting, also for a cookie that browsers would drop.
 */
export function createSessions<D = Record<string, never>>(options: SessionsOptions<D>): Sessions<D> {
  const { storage } = options;
  if (typeof storage?.collection !== 'function')
    throw invalidOption('storage', 'give a storage, as createMemoryStorage() or one of the adapters makes');
  const settings = parseSettings(options);
  const { events, cookie, clock, schema, initialData } = settings;
  const sessions = storage.collection(sessionCollection);
  const fences = storage.collection(fenceCollection);
  const csrf = createSessionCsrf(settings);
  const touches = createTouchBuffer(sessions, maxWaiting);
  const touchFailed = (error: unknown): void =>
    events.emit('session.touch_failed', { reason: isPortcullisError(error) ? error.code : 'error' });
  const background = createBackground(touches.flush, { everyMs: flushMs, failed: touchFailed });
  const signal = createRevocationSignal({
    channel: 'session.ended',
    bus: storage.bus,
    isLive: (id) =>
      id.startsWith('user ') || andThen(sessions.get(id, { fresh: true }), (stored) => stored !== undefined),
    failed: (sessionId) => events.emit('session.end_not_published', { sessionId }),
  });
  const read = createCurrentSession({ settings, sessions, touches, background, touchFailed });
  const ending: EndParts<D> = { settings, sessions, fences, signal, touches };
  const parts: SignInParts<D> = {
    settings,
    csrf,
    sessions,
    fences,
    read: async (request) => read(request),
    end: async (record, why) => {
      await endSession(ending, record, why);
    },
  };

  const view = (record: SessionRecord, facts?: SignInFacts): Session<D> => sessionOf<D>(record, facts);

  async function required(request: AuthRequest): Promise<LiveSession> {
    const live = await read(request);
    if (live === undefined) throw new SessionError('session_missing');
    return live;
  }

  return {
    signIn: async (exchange, input) => view(await signIn(parts, exchange, input)),
    reauthenticate: async (exchange, { csrfToken, ...facts } = {}) =>
      view(await renew(parts, exchange, { why: 'reauthentication', facts, csrfToken })),
    renew: async (exchange, change) =>
      view(await renew(parts, exchange, { why: 'privilege_change', ...(change !== undefined && { data: change }) })),

    async signOut(exchange, { clearSiteData = false, csrfToken } = {}) {
      const live = await proveOwnPage(parts, { request: asChanging(exchange.request) }, csrfToken);
      if (live !== undefined) await endSession(ending, live.record, 'sign_out');
      cookie.expire(exchange.response);
      if (clearSiteData) exchange.response.append('clear-site-data', '"cache", "cookies", "storage"');
    },

    async anonymous(exchange) {
      const live = await read(exchange.request);
      if (live !== undefined) return view(live.record, live.facts);
      const { record, value } = await createRecord(parts, exchange, {
        remembered: false,
        data: checkData(schema, initialData()),
      });
      cookie.write(exchange.response, value, undefined);
      return view(record);
    },

    read: (request) => andThen(read(request), (live) => live && view(live.record, live.facts)),

    async update(request, change) {
      const { record, facts } = await required(request);
      const stored = await modify(
        sessions,
        record.id,
        (current) => current && { ...current, data: checkData(schema, change(current.data as D)) },
      );
      if (stored === undefined) throw new SessionError('session_missing');
      return view(stored.record, facts);
    },

    csrfToken: ({ id }) => csrf.issue(id),
    verifyCsrfToken: ({ id }, token) => csrf.verify(id, token),

    async list(user, { cursor, limit = 100 } = {}) {
      const page = await sessions.list({ index: 'user', value: user, limit, ...(cursor !== undefined && { cursor }) });
      const now = clock();
      return {
        items: page.items.filter(({ record }) => now < record.endsAt).map(({ record }) => sessionInfo(record)),
        cursor: page.cursor,
      };
    },

    async revoke(id, options = {}) {
      const { user } = options;
      // `{ user: undefined }`, from a caller that was looked up and not found, must not mean anybody's.
      if ('user' in options && (typeof user !== 'string' || user === ''))
        throw invalidOption('user', 'name whose session it must be, or leave the option out for an administrator');
      const stored = await sessions.get(id, { fresh: true });
      if (stored === undefined || (user !== undefined && stored.record.user !== user)) return false;
      return endSession(ending, stored.record, 'revoked');
    },

    async revokeOthers(request) {
      const { record } = await required(request);
      if (record.user === undefined) throw new SessionError('session_missing');
      return endAll(ending, record.user, record.id);
    },

    revokeAll: (user) => endAll(ending, user, undefined),

    authenticator: (authenticatorOptions = {}) =>
      createSessionAuthenticator(
        { settings, csrf, read, watch: (session, listener) => watchSession(ending, session, listener) },
        authenticatorOptions,
      ),

    on: events.on,
    flush: background.flush,
    async close() {
      signal.close();
      await background.close();
    },
  };
}
