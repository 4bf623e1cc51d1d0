import {
  absent,
  type AuthenticationResult,
  type Authenticator,
  type AuthRequest,
  type Exchange,
  invalidOption,
  isPortcullisError,
  type MaybePromise,
  sha256,
} from '@portcullis/core';
import { type CookieAttributes, duplicateCookie, expireCookie, readCookie } from '@portcullis/core/cookies';
import { createOriginCheck, type OriginCheckOptions } from '@portcullis/core/csrf';
import type { SessionPrincipal, Sessions } from '@portcullis/session';

/** A session of the system that you leave. Times are absolute milliseconds. */
export interface OldSession<D> {
  readonly user: string;
  /** Where users belong to tenants: without it they would see nothing of theirs. */
  readonly tenant?: string;
  /** When they signed in. 0 where the old system did not write it down: routes with `maxAge` then ask for a fresh sign-in. */
  readonly signedInAt: number;
  readonly expiresAt?: number | undefined;
  /** Whether its cookie outlives the browser. */
  readonly remember: boolean;
  readonly data: D;
}

/** Where the old sessions are. */
export interface OldStore<D> {
  /** The live session of a token. It throws where nobody can tell, which becomes a 503: never answer `undefined` for an outage. */
  find(token: string): MaybePromise<OldSession<D> | undefined>;
  /** Ends a session at that instant, if it does not end before. */
  end(token: string, at: number): MaybePromise<void>;
}

export interface OldSessionsOptions<D> {
  readonly sessions: Pick<Sessions<D>, 'signIn' | 'signOut'>;
  readonly store: OldStore<D>;
  /** How the old system set its cookie: one with another path or domain would not be taken away. */
  readonly cookie: { readonly name: string; readonly attributes: CookieAttributes };
  /** The token in the cookie's value, its signature checked. */
  readonly readToken: (value: string) => MaybePromise<string | undefined>;
  /** The very settings that the sessions have. */
  readonly csrf: OriginCheckOptions;
  /** From when on no old session counts, absolute milliseconds. */
  readonly until: number;
  readonly clock?: () => number;
}

const scheme = 'old-session';
// For requests that were under way with the old cookie when the new one was set.
const graceMs = 60_000;
// After these no session of the user counts. Anything else (an outage, a limit) may be another answer the next time.
const over: ReadonlySet<string> = new Set(['session_user_revoked', 'session_user_inactive']);

/** Lets people keep the sessions of another system, and swaps each for one of ours when its browser comes by. */
export function createOldSessions<D>(options: OldSessionsOptions<D>) {
  const { sessions, store, cookie, readToken, csrf, until, clock = Date.now } = options;
  if (!Number.isSafeInteger(until)) throw invalidOption('until', "give an end: Date.parse('2030-03-01T00:00:00Z')");
  const origin = createOriginCheck(csrf);

  async function find(request: AuthRequest) {
    const value = readCookie(request.headerValues('cookie'), cookie.name);
    if (value === undefined || value === duplicateCookie || clock() >= until) return undefined;
    const token = await readToken(value);
    const session = token === undefined ? undefined : await store.find(token);
    if (token === undefined || session === undefined || (session.expiresAt ?? until) <= clock()) return undefined;
    return { token, session };
  }

  function takeCookie({ response }: Exchange): void {
    response.append('set-cookie', expireCookie(cookie.name, cookie.attributes));
  }

  async function authenticate(request: AuthRequest): Promise<AuthenticationResult<SessionPrincipal>> {
    const found = await find(request);
    if (found === undefined) return absent;
    // A cookie comes by itself, so another site's page can send it too.
    const verdict = origin.check(request);
    if (!verdict.allowed) return { outcome: 'rejected', denial: verdict.denial };
    const { user, tenant, signedInAt, expiresAt } = found.session;
    return {
      outcome: 'authenticated',
      principal: { kind: 'user', id: user, tenant },
      credential: { scheme, id: sha256(found.token).slice(0, 22), authenticatedAt: signedInAt, expiresAt },
      headers: verdict.headers,
    };
  }

  return {
    authenticator: (): Authenticator<SessionPrincipal> => ({
      scheme,
      transport: 'ambient',
      claims: (request) => readCookie(request.headerValues('cookie'), cookie.name) !== undefined,
      authenticate,
      challenge: () => ({ scheme: 'Cookie', params: { 'cookie-name': cookie.name } }),
    }),

    /** Run it behind `optional()` and before every route: whoever came with an old session leaves with a new one. */
    async takeOver(exchange: Exchange, auth: { readonly credential: { readonly scheme: string } } | undefined) {
      if (auth?.credential.scheme !== scheme) return;
      const found = await find(exchange.request);
      if (found === undefined) return;
      const { expiresAt: _, signedInAt: authenticatedAt, ...session } = found.session;
      try {
        // Begun before everything: whoever logged the user out everywhere since the changeover ended this session too.
        await sessions.signIn(exchange, { ...session, authenticatedAt, startedAt: 0 });
      } catch (error) {
        if (isPortcullisError(error) && over.has(error.code)) {
          await store.end(found.token, clock());
          takeCookie(exchange);
        }
        throw error;
      }
      await store.end(found.token, clock() + graceMs);
      takeCookie(exchange);
    },

    /** Signs out of both, in place of `sessions.signOut`. */
    async signOut(exchange: Exchange): Promise<void> {
      await sessions.signOut(exchange);
      const found = await find(exchange.request);
      if (found !== undefined) await store.end(found.token, clock());
      takeCookie(exchange);
    },
  };
}
