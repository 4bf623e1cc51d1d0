import {
  absent,
  type AuthenticationResult,
  type Authenticator,
  type AuthRequest,
  createSealer,
  encodeBase64url,
  type Exchange,
  type HeaderField,
  invalidOption,
  type KeyRing,
  type MaybePromise,
  type Principal,
} from '@portcullis/core';
import { duplicateCookie } from '@portcullis/core/cookies';
import { SessionError } from './errors.js';
import { principalOf, type SessionPrincipal } from './session-authenticator.js';
import { asChanging, createSessionCsrf } from './session-csrf.js';
import { checkData } from './session-data.js';
import { expiryOf, type SignInFacts } from './session-record.js';
import { parseSettings, type SessionsOptions } from './session-settings.js';
import { checkSignIn, type SignIn } from './sign-in.js';

/** What `createSealedSessions` takes. */
export interface SealedSessionsOptions<D>
  extends Pick<
    SessionsOptions<D>,
    | 'csrf'
    | 'cookie'
    | 'idleTimeout'
    | 'absoluteTimeout'
    | 'remember'
    | 'touchInterval'
    | 'schema'
    | 'initialData'
    | 'events'
    | 'clock'
    | 'random'
  > {
  /** 32-byte keys; sessions sealed under an old one are sealed anew as they are used. */
  readonly keys: KeyRing;
  /**
   * From when on a user's sessions count, absolute milliseconds; asked for every request. The only way to end a session
   * before its time, and it ends all of the user's. Without it nothing does.
   */
  readonly notBefore?: (user: string) => MaybePromise<number | undefined>;
}

/** What a sealed cookie says. */
export interface SealedSession<D> extends SignInFacts {
  readonly id: string;
  readonly user: string;
  readonly tenant: string | undefined;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly endsAt: number;
  readonly idleTimeout: number;
  readonly remembered: boolean;
  readonly data: D;
}

/**
 * Sessions that are kept in the cookie alone, encrypted. **They cannot be ended one by one**: signing out takes the cookie
 * from this browser, and a copy of it stays good until it expires or `notBefore` passes it. There is no list, no limit, and
 * of two concurrent updates one is lost. Use `createSessions` unless there can be no storage.
 */
export interface SealedSessions<D> {
  /** Said in the type: a stolen copy outlives a sign-out. */
  readonly revocable: false;
  /** @throws {SessionError} `session_cross_site`, `session_data_invalid`; {CoreError} `invalid_option` when the cookie is over 4096 bytes. */
  signIn(exchange: Exchange, input: Omit<SignIn<D>, 'carry' | 'startedAt'>): Promise<SealedSession<D>>;
  /** Takes the cookie from this browser. @throws {SessionError} `session_cross_site`. */
  signOut(exchange: Exchange, options?: { readonly clearSiteData?: boolean }): Promise<void>;
  read(request: AuthRequest): Promise<SealedSession<D> | undefined>;
  /** Writes changed data into a new cookie. Concurrent updates overwrite each other. @throws {SessionError} `session_missing`. */
  update(exchange: Exchange, change: (data: D) => D): Promise<SealedSession<D>>;
  csrfToken(session: Pick<SealedSession<D>, 'id'>): string;
  authenticator<P extends Principal = SessionPrincipal>(options?: {
    readonly scheme?: string;
    readonly principal?: (session: SealedSession<D>) => P;
  }): Authenticator<P>;
}

/**
 * Creates storage-free sessions: AES-256-GCM in a cookie.
 *
 * @throws {CoreError} `invalid_option` naming the setting.
 * @see ASVS 11.3.3
 */
export function createSealedSessions<D = Record<string, never>>(options: SealedSessionsOptions<D>): SealedSessions<D> {
  const settings = parseSettings(options);
  const { clock, cookie, events, random, schema, initialData, timeouts, touchInterval } = settings;
  const sealer = createSealer(options.keys, { option: 'keys', random });
  const csrf = createSessionCsrf(settings);
  const { notBefore } = options;
  if (notBefore !== undefined && typeof notBefore !== 'function') throw invalidOption('notBefore', 'give a function');
  // With the cookie's name, so that of two managers that share keys neither opens what the other sealed.
  const context = `portcullis sealed session v1!${cookie.name}`;

  async function open(
    request: AuthRequest,
  ): Promise<{ readonly session: SealedSession<D>; readonly outdated: boolean } | undefined> {
    const value = cookie.read(request);
    if (value === undefined || value === duplicateCookie) return undefined;
    const text = await sealer.open(value, context);
    if (text === undefined) return undefined;
    // Only this server can have sealed it, so its shape is what `seal` wrote.
    const session = JSON.parse(text) as SealedSession<D>;
    const now = clock();
    if (now >= expiryOf(session, session.lastSeenAt)) return undefined;
    const from = await notBefore?.(session.user);
    // A date or its text compares as nothing, which would let every ended session in.
    if (typeof (from ?? 0) !== 'number' || Number.isNaN(from))
      throw invalidOption('notBefore', 'answer absolute milliseconds (date.getTime()), or undefined');
    if (session.createdAt <= (from ?? -1)) return undefined;
    return { session, outdated: sealer.isOutdated(value) };
  }

  async function field(session: SealedSession<D>): Promise<string> {
    const value = await sealer.seal(JSON.stringify(session), context);
    return cookie.field(value, session.remembered ? (session.endsAt - clock()) / 1000 : undefined);
  }

  async function write({ response }: Exchange, session: SealedSession<D>): Promise<SealedSession<D>> {
    response.append('set-cookie', await field(session));
    response.append('cache-control', 'no-store');
    return session;
  }

  async function proveOwnPage({ request }: Pick<Exchange, 'request'>, token?: string): Promise<void> {
    const opened = await open(request);
    const checked = csrf.check(request, opened?.session.id, token);
    if (!('denial' in checked)) return;
    events.emit('session.csrf_rejected', {
      sessionId: opened?.session.id ?? '',
      user: opened?.session.user,
      method: request.method,
    });
    throw new SessionError('session_cross_site');
  }

  return {
    revocable: false,

    async signIn(exchange, input) {
      checkSignIn(input);
      const { user, tenant, remember = false, data, authenticatedAt, acr, amr, csrfToken } = input;
      await proveOwnPage(exchange, csrfToken);
      const now = clock();
      const { idleTimeout, absoluteTimeout } = timeouts(remember);
      const id = encodeBase64url(random(16));
      events.emit('session.started', { sessionId: id, user, ip: exchange.request.ip });
      return write(exchange, {
        id,
        user,
        tenant,
        createdAt: now,
        lastSeenAt: now,
        endsAt: now + absoluteTimeout,
        idleTimeout,
        remembered: remember,
        authenticatedAt: Math.min(authenticatedAt ?? Infinity, now),
        acr,
        amr,
        data: checkData(schema, data ?? initialData()),
      });
    },

    async signOut(exchange, { clearSiteData = false } = {}) {
      await proveOwnPage({ request: asChanging(exchange.request) });
      cookie.expire(exchange.response);
      if (clearSiteData) exchange.response.append('clear-site-data', '"cache", "cookies", "storage"');
    },

    read: async (request) => (await open(request))?.session,

    async update(exchange, change) {
      const opened = await open(exchange.request);
      if (opened === undefined) throw new SessionError('session_missing');
      const { session } = opened;
      return write(exchange, { ...session, lastSeenAt: clock(), data: checkData(schema, change(session.data)) });
    },

    csrfToken: ({ id }) => csrf.issue(id),

    authenticator<P extends Principal = SessionPrincipal>({
      scheme = 'session',
      principal,
    }: {
      readonly scheme?: string;
      readonly principal?: (session: SealedSession<D>) => P;
    } = {}): Authenticator<P> {
      async function authenticate(request: AuthRequest): Promise<AuthenticationResult<P>> {
        const opened = await open(request);
        if (opened === undefined) return absent;
        const { session, outdated } = opened;
        const { id, user, createdAt, endsAt, authenticatedAt, acr, amr, idleTimeout, lastSeenAt } = session;
        const checked = csrf.check(request, id);
        if ('denial' in checked) {
          events.emit('session.csrf_rejected', { sessionId: id, user, method: request.method });
          return { outcome: 'rejected', denial: checked.denial };
        }
        const now = clock();
        const renew = outdated || now - lastSeenAt >= touchInterval(idleTimeout);
        const renewal: readonly HeaderField[] = renew
          ? [
              ['set-cookie', await field({ ...session, lastSeenAt: now })],
              ['cache-control', 'no-store'],
            ]
          : [];
        return {
          outcome: 'authenticated',
          principal: principalOf(session, () => session, principal),
          credential: { scheme, id, issuedAt: createdAt, expiresAt: endsAt, authenticatedAt, acr, amr },
          headers: [...checked.headers, ...renewal],
        };
      }
      return {
        scheme,
        transport: 'ambient',
        claims: cookie.sent,
        authenticate,
        challenge: () => ({ scheme: 'Cookie', params: { 'cookie-name': cookie.name } }),
      };
    },
  };
}
