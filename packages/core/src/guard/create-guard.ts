import { invalidOption } from '../errors/core-errors.js';
import { isPortcullisError } from '../errors/portcullis-error.js';
import { createEvents } from '../events/events.js';
import type { Policy, Vocabulary } from '../policy/policy.js';
import { isPromise, type MaybePromise, settle, andThen } from '../runtime/maybe-promise.js';
import type { Authenticated, Authenticator, PrincipalOf } from './authenticator.js';
import { authSignal } from './auth-signal.js';
import type { Authentication } from './authentication.js';
import { createOutcomes } from './create-outcomes.js';
import { freshnessDenial } from './check-freshness.js';
import { beforeLoading, type ExpressionVerdict, permissionDenial, withResource } from './check-permission.js';
import { type Denial, deny } from './denial.js';
import type { Allowed, Decision, Guard, GuardOptions, Refused, Supplies } from './guard.js';
import type { GuardEvents } from './guard-events.js';
import { createReporter } from './guard-reporter.js';
import { LiveAuthentication } from './live-authentication.js';
import type { AuthRequest, HeaderField } from './request.js';
import type { Requirement } from './requirement.js';
import { assertRoutesClosed } from './route-audit.js';
import { queryCredentialPattern, selectAuthenticator } from './select-authenticator.js';
import { validateRequirement } from './validate-requirement.js';

const none: readonly never[] = /* @__PURE__ */ Object.freeze([]);

/** What a guard found out about a request, so that a second requirement does not ask (and charge) the credential again. */
interface Remembered {
  readonly authenticator: Authenticator;
  readonly result: Authenticated;
  readonly until: number;
  roles?: readonly string[];
  /** An earlier pass has put the result's header fields on the response. */
  delivered: boolean;
}
const nothing = /* @__PURE__ */ Object.freeze({});
const open: Allowed<never, never, never> = /* @__PURE__ */ Object.freeze({
  allowed: true,
  auth: undefined,
  resource: undefined,
  headers: none,
});

/**
 * Creates the guard: it reads the one credential that was sent, learns who is calling and what they may do now,
 * and decides. Whatever cannot be checked is refused.
 *
 * @throws {CoreError} `invalid_option` when an option is missing or out of range.
 */
export function createGuard<const A extends readonly Authenticator[], V extends Vocabulary>(
  options: GuardOptions<A, V> & Supplies<A, V>,
): Guard<PrincipalOf<A>, NoInfer<V>> {
  type P = PrincipalOf<A>;
  const { policy, realm = 'api', timeout = 5_000, clock = Date.now } = options;
  const authenticators = [...options.authenticators];
  if (authenticators.length === 0) throw invalidOption('authenticators', 'give at least one');
  const schemes = new Set(authenticators.map(({ scheme }) => scheme));
  if (schemes.size < authenticators.length)
    throw invalidOption('authenticators', 'two have the same scheme; give each its own');
  if (!(timeout >= 1 && timeout <= 60_000)) throw invalidOption('timeout', 'give milliseconds from 1 to 60,000');

  const events = options.events ?? createEvents<GuardEvents>({ clock });
  const report = createReporter(events, options.onError);
  const outcomes = createOutcomes(authenticators, realm, (found) => permissionDenial(policy as Policy, found, false));
  const inQuery = queryCredentialPattern(options.credentialQueryParameters ?? ['access_token', 'api_key', 'apikey']);

  // The guard's own, so that no other guard's answer is taken. A property costs a fraction of a WeakMap's entry.
  const remembered: unique symbol = Symbol('portcullis.authentication');
  type Remembering = AuthRequest & { [remembered]?: Remembered };

  /** One request on its way through: what is known of it so far. */
  interface Passage {
    readonly request: AuthRequest;
    readonly requirement: Exclude<Requirement, { kind: 'open' }>;
    readonly load: (() => MaybePromise<unknown>) | undefined;
    /** Of the authenticator that is being asked, or whose answer is used: whatever fails then concerns its credential. */
    scheme: string | undefined;
  }

  function refuse(denial: Denial, { requirement: { schemes }, scheme }: Passage): Refused {
    return { allowed: false, denial, outcome: outcomes.of(denial, { schemes, scheme }) };
  }

  function unavailable(passage: Passage, error: unknown, retryAfterSeconds?: number): Refused {
    const { request, scheme } = passage;
    report.credential('authentication.unavailable', request, { scheme, reason: report.reason(error) });
    const headers: HeaderField[] | undefined =
      retryAfterSeconds === undefined ? undefined : [['retry-after', String(Math.ceil(retryAfterSeconds))]];
    return refuse(deny('unavailable', { headers }), passage);
  }

  function reject(passage: Passage, denial: Denial): Refused {
    const { request, scheme } = passage;
    report.credential('authentication.rejected', request, { scheme, code: denial.code, detail: denial.detail });
    return refuse(denial, passage);
  }

  function authenticate(passage: Passage): MaybePromise<Decision<P, V, unknown>> {
    const selection = selectAuthenticator(passage.request, authenticators, passage.requirement.schemes, inQuery);
    if (selection.kind === 'refused') {
      passage.scheme = selection.scheme;
      return reject(passage, selection.denial);
    }
    if (selection.kind === 'explicit') return ask(passage, [selection.authenticator], 0, true);
    return ask(passage, selection.authenticators, 0, false);
  }

  function ask(
    passage: Passage,
    list: readonly Authenticator[],
    at: number,
    explicit: boolean,
  ): MaybePromise<Decision<P, V, unknown>> {
    const authenticator = list[at];
    if (authenticator === undefined) {
      if (explicit) {
        const detail = 'The credential could not be read.';
        return reject(passage, deny('invalid_token', { detail, challenge: { error: 'invalid_token' } }));
      }
      passage.scheme = undefined;
      if (passage.requirement.kind === 'optional') return open;
      return reject(passage, deny('credential_missing', { detail: 'A credential is required.' }));
    }
    const { scheme } = authenticator;
    passage.scheme = scheme;
    const known = (passage.request as Remembering)[remembered];
    if (known?.authenticator === authenticator && isGood(known)) return admit(passage, known);
    return andThen(authenticator.authenticate(passage.request), (result) => {
      switch (result.outcome) {
        case 'absent':
          return ask(passage, list, at + 1, explicit);
        case 'authenticated':
          return admit(passage, remember(passage.request, authenticator, result));
        case 'rejected':
          return reject(passage, result.denial);
        case 'unavailable':
          return unavailable(passage, result.cause, result.retryAfterSeconds);
        default:
          // An authenticator of another make that answers something else has checked nothing.
          throw new TypeError(`The authenticator "${scheme}" gave no known outcome.`);
      }
    });
  }

  /** A request that outlives its answer (a socket's) is asked about anew. */
  function isGood({ until, result: { credential } }: Remembered): boolean {
    const now = clock();
    return now < until && !(credential.expiresAt !== undefined && now >= credential.expiresAt);
  }

  function remember(request: AuthRequest, authenticator: Authenticator, result: Authenticated): Remembered {
    const { principal, credential } = result;
    // What no handler could act on safely: an `undefined` that equals another, a number that equals no stored id.
    if (typeof principal?.kind !== 'string' || typeof principal.id !== 'string' || typeof credential?.id !== 'string')
      throw new TypeError(
        `The authenticator "${authenticator.scheme}" must name principal.kind, .id and credential.id.`,
      );
    const known: Remembered = { authenticator, result, until: clock() + timeout, delivered: false };
    try {
      (request as Remembering)[remembered] = known;
    } catch {
      // A frozen request is asked about each time; looking first would cost more than the rest.
    }
    report.caller('authentication.succeeded', request, result, nothing);
    return known;
  }

  function admit(passage: Passage, known: Remembered): MaybePromise<Decision<P, V, unknown>> {
    const result = known.result as Authenticated<P>;
    const stale = freshnessDenial(result.credential, passage.requirement, clock());
    if (stale !== undefined) return reject(passage, stale);
    const roles = known.roles ?? result.roles ?? options.roles?.(result.principal) ?? none;
    return andThen<readonly string[], Decision<P, V, unknown>>(roles, (held) => {
      // A forgotten return would otherwise read as "no roles" and hide the mistake.
      if (!Array.isArray(held)) throw new TypeError('createGuard: roles must return an array of role names.');
      known.roles = held;
      return authorize(passage, known, held);
    });
  }

  function authorize(
    passage: Passage,
    known: Remembered,
    roles: readonly string[],
  ): MaybePromise<Decision<P, V, unknown>> {
    const result = known.result as Authenticated<P>;
    const { principal, credential, actor } = result;
    const bound = policy.bind({ principal, credential, actor, roles });
    const auth: Authentication<P, V> = new LiveAuthentication(bound.authorization, result, () =>
      authSignal(passage.request, result, clock),
    );
    const { requirement, load, request } = passage;
    // Whatever is not one of these two must name its permission: a forgotten or misspelt `kind` opens nothing.
    const asked = requirement.kind === 'authenticated' || requirement.kind === 'optional' ? undefined : requirement;
    const denied = (found: ExpressionVerdict): Refused => {
      const denial = permissionDenial(policy as Policy, found, asked?.conceal === true);
      report.caller('authorization.denied', request, result, { ...found, code: denial.code });
      return refuse(denial, passage);
    };

    if (asked !== undefined) {
      const found = beforeLoading(bound, asked.permission);
      if (found.verdict !== 'granted') return denied(found);
    }
    const decide = (resource: unknown): Decision<P, V, unknown> => {
      if (asked !== undefined) {
        const found = withResource(bound, asked.permission, resource);
        if (found.verdict !== 'granted') return denied(found);
        report.caller('authorization.granted', request, result, { permission: found.permission });
      }
      const headers = known.delivered ? none : (result.headers ?? none);
      known.delivered = true;
      return { allowed: true, auth, resource, headers };
    };
    if (load === undefined) return decide(undefined);
    return andThen(load(), (value) =>
      value === undefined || value === null ? refuse(deny('not_found'), passage) : decide(value),
    );
  }

  /** Waits no longer than `timeout`; what arrives later is dropped. */
  function inTime(pending: PromiseLike<Decision<P, V, unknown>>, passage: Passage): Promise<Decision<P, V, unknown>> {
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => resolve(unavailable(passage, new Error(`Nothing answered within ${timeout} ms.`))),
        timeout,
      );
      const done = (decision: Decision<P, V, unknown>): void => {
        clearTimeout(timer);
        resolve(decision);
      };
      pending.then(done, (error: unknown) => done(unavailable(passage, error)));
    });
  }

  return {
    policy,
    authenticators,
    on: events.on,
    check<R>(request: AuthRequest, requirement: Requirement, load?: () => MaybePromise<R | null | undefined>) {
      if (requirement.kind === 'open') return open;
      const passage: Passage = { request, requirement, load, scheme: undefined };
      const decision = settle(
        () => authenticate(passage),
        (error) => unavailable(passage, error),
      );
      return (isPromise(decision) ? inTime(decision, passage) : decision) as MaybePromise<Decision<P, V, R>>;
    },
    outcomeOf(error) {
      if (!isPortcullisError(error)) return undefined;
      return outcomes.ofError(error);
    },
    refuse: (denial) => outcomes.of(denial, {}),
    refuseClosed(method, path) {
      events.emit('route.closed', { method, path });
      return outcomes.of(deny('route_closed'), {});
    },
    validate: (requirement, hasLoader) =>
      validateRequirement(requirement, { policy: policy as Policy, schemes, hasLoader }),
    assertClosed: assertRoutesClosed,
  };
}
