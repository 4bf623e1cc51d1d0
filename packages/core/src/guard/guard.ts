import type { EventListener, Events } from '../events/events.js';
import type { Policy, Vocabulary } from '../policy/policy.js';
import type { Clock } from '../runtime/environment.js';
import type { MaybePromise } from '../runtime/maybe-promise.js';
import type { Authentication } from './authentication.js';
import type { Authenticator, PrincipalOf } from './authenticator.js';
import type { Denial } from './denial.js';
import type { GuardEvents } from './guard-events.js';
import type { Outcome } from './outcome.js';
import type { Principal } from './principal.js';
import type { AuthRequest, HeaderField } from './request.js';
import type { Requirement } from './requirement.js';
import type { RouteEntry } from './route-audit.js';

/** What `createGuard` takes. */
export interface GuardOptions<A extends readonly Authenticator[], V extends Vocabulary> {
  /** At least one; schemes are unique. */
  readonly authenticators: A;
  /** Its rules must read nothing from the principal that these authenticators do not supply. */
  readonly policy: Policy<V>;
  /**
   * What the principal may do now. Asked once a request, before `auth` exists; a failure is a 503. `cachedRoles` keeps answers.
   * Without it only roles that an authenticator has read itself are held.
   */
  readonly roles?: (principal: PrincipalOf<A>) => MaybePromise<readonly V['role'][]>;
  /** The protection space that challenges name. Default `api`. */
  readonly realm?: string;
  /** How long authenticating, roles and loading may take together, in milliseconds, 1 to 60,000. Default 5,000. Beyond: 503. */
  readonly timeout?: number;
  /** Query parameters that count as a credential in the URL: 400. Default `access_token`, `api_key`, `apikey`. */
  readonly credentialQueryParameters?: readonly string[];
  /** A stream to join, so that keys, sessions and the guard report to one. Default: one of the guard's own. */
  readonly events?: Events<GuardEvents>;
  /**
   * Gets what an authenticator, `roles` or a loader threw, for the developer's log. It may hold anything.
   * Default: prints errors that are not Portcullis' own (bugs) with `console.error`; outages are events.
   */
  readonly onError?: (error: unknown) => void;
  readonly clock?: Clock;
}

/** Refuses a guard whose authenticators do not supply what the policy's rules read from the principal. */
export type Supplies<A extends readonly Authenticator[], V extends Vocabulary> =
  PrincipalOf<A> extends V['principal']
    ? unknown
    : {
        readonly policy: {
          readonly 'a rule reads more of the principal than the authenticators supply': V['principal'];
        };
      };

/** The caller may go on. */
export interface Allowed<P extends Principal, V extends Vocabulary, R> {
  readonly allowed: true;
  /** `undefined` on an open route, and on an optional one without a credential. */
  readonly auth: Authentication<P, V> | undefined;
  /** What `load` gave. */
  readonly resource: R | undefined;
  /** Fields the authenticator wants on the response. */
  readonly headers: readonly HeaderField[];
}

/** The caller is refused: write `outcome` and do not run the handler. */
export interface Refused {
  readonly allowed: false;
  readonly denial: Denial;
  readonly outcome: Outcome;
}

export type Decision<P extends Principal, V extends Vocabulary, R> = Allowed<P, V, R> | Refused;

/** Decides who is calling and whether they may; adapters mount it. */
export interface Guard<P extends Principal = Principal, V extends Vocabulary = Vocabulary> {
  /**
   * Authenticates, then authorizes. Never throws and never rejects: every failure is a refusal.
   * `load` runs only after scope and role have passed; its `undefined` is a 404, its failure a 503.
   * It answers synchronously where nothing has to be waited for.
   */
  check<R = unknown>(
    request: AuthRequest,
    requirement: Requirement,
    load?: () => MaybePromise<R | null | undefined>,
  ): MaybePromise<Decision<P, V, R>>;
  /** The outcome of a thrown `PermissionDenied` or infrastructure error; `undefined` for an error that is not Portcullis'. */
  outcomeOf(error: unknown): Outcome | undefined;
  /** The outcome of a denial of the application's or another package's own (a rate limit, a CSRF check). */
  refuse(denial: Denial): Outcome;
  /** What `closed()` answers for a route that states no requirement; emits `route.closed` with its name. */
  refuseClosed(method: string, path: string): Outcome;
  /** Start-up check of a requirement: unknown permission, missing loader, rule in a composition, unknown scheme. */
  validate(requirement: Requirement, hasLoader: boolean): void;
  /** Throws `routes_open` when an entry is closed, or opaque and not acknowledged. */
  assertClosed(routes: readonly RouteEntry[], acknowledged?: readonly string[]): void;
  on<K extends keyof GuardEvents | '*'>(type: K, listener: EventListener<GuardEvents, K>): () => void;
  readonly policy: Policy<V>;
  /** As they were given, for descriptions of the API. */
  readonly authenticators: readonly Authenticator[];
  /** Type-level only; never set. */
  readonly principal?: P;
}
