import {
  absent,
  andThen,
  type AuthenticationResult,
  type Authenticator,
  type MaybePromise,
  type Principal,
} from '@portcullis/core';
import type { LiveSession } from './current-session.js';
import { type Session, sessionOf } from './session.js';
import type { SessionCsrf } from './session-csrf.js';
import type { SessionSettings } from './session-settings.js';

/** A signed-in user. */
export interface SessionPrincipal extends Principal {
  readonly kind: 'user';
}

/** What `sessions.authenticator` takes. */
export interface SessionAuthenticatorOptions<P extends Principal, D> {
  /** Default `session`. */
  readonly scheme?: string;
  /** Who the session's user is to the policy. Default `{ kind: 'user', id: user, tenant }`. */
  readonly principal?: (session: Session<D> & { readonly user: string }) => P;
}

export interface SessionAuthenticatorParts<D> {
  readonly settings: SessionSettings<D>;
  readonly csrf: SessionCsrf;
  readonly read: (request: Parameters<Authenticator['authenticate']>[0]) => MaybePromise<LiveSession | undefined>;
  readonly watch: (session: { readonly id: string; readonly user: string }, listener: () => void) => () => void;
}

/**
 * Who a session's user is to the policy. `session` is made only for a mapping that wants it. A mapping that answers
 * nothing has named nobody: it is not replaced by the default.
 */
export function principalOf<S, P extends Principal>(
  subject: { readonly user: string; readonly tenant?: string | undefined },
  session: () => S,
  principal: ((session: S) => P) | undefined,
): P {
  if (principal !== undefined) return principal(session());
  const user: SessionPrincipal = { kind: 'user', id: subject.user, tenant: subject.tenant };
  // Without a mapping of its own P is the default's type.
  return user as Principal as P;
}

/**
 * Reads the session cookie. A session that is not live, and an anonymous one, is no credential: the caller is anonymous.
 * A request that changes something and cannot prove that one of our pages sent it is a 403 `csrf_rejected`.
 */
export function createSessionAuthenticator<D, P extends Principal>(
  { settings, csrf, read, watch }: SessionAuthenticatorParts<D>,
  { scheme = 'session', principal }: SessionAuthenticatorOptions<P, D>,
): Authenticator<P> {
  const { cookie, events } = settings;
  return {
    scheme,
    transport: 'ambient',
    claims: cookie.sent,
    authenticate: (request) =>
      andThen(read(request), (live): AuthenticationResult<P> => {
        if (live?.record.user === undefined) return absent;
        const { record, facts } = live;
        const { id, tenant, createdAt, endsAt } = record;
        const user = live.record.user;
        const checked = csrf.check(request, id);
        if ('denial' in checked) {
          events.emit('session.csrf_rejected', { sessionId: id, user, method: request.method });
          return { outcome: 'rejected', denial: checked.denial };
        }
        return {
          outcome: 'authenticated',
          principal: principalOf({ user, tenant }, () => ({ ...sessionOf<D>(record, facts), user }), principal),
          credential: {
            scheme,
            id,
            issuedAt: createdAt,
            expiresAt: endsAt,
            authenticatedAt: facts.authenticatedAt,
            acr: facts.acr,
            amr: facts.amr,
          },
          headers: checked.headers,
          onRevoked: (listener) => watch({ id, user }, listener),
        };
      }),
    challenge: () => ({ scheme: 'Cookie', params: { 'cookie-name': cookie.name } }),
  };
}
