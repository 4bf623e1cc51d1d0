import type {
  Authentication,
  Decision,
  Exchange,
  Guard,
  MaybePromise,
  Principal,
  Requirement,
  RequirementOptions,
  RouteEntry,
  Vocabulary,
} from '@portcullis/core';
import { isPromise } from '@portcullis/core';
import {
  admit,
  type Asked,
  authOf,
  coversOthers,
  exchangeOf,
  type GuardState,
  type Loader,
  markGuard,
  markPassive,
  optionalAuthOf,
  pathParameter,
  readRequireArguments,
  type RequireArguments,
  type ResourceOf,
  resourceOf,
} from '@portcullis/core/adapter';
import { readTrustProxy, type TrustProxy } from '@portcullis/core/node';
import { type AssertClosedOptions, auditRoutes } from './audit-routes.js';
import { closedRoutes } from './closed-routes.js';
import {
  type FastifyDone,
  type FastifyErrorHandler,
  type FastifyMiddleware,
  type FastifyOutgoing,
  type FastifyIncoming,
  type FastifySource,
  type GuardedRequest,
  stateKey,
  stateOf,
} from './fastify-request.js';
import { sendOutcome } from './send-outcome.js';

/** What `fastifyGuard` takes beside the guard. */
export interface FastifyGuardOptions {
  /** Proxies in front of this process, for the client's address. Default `false`. Fastify's own setting is not read. */
  readonly trustProxy?: TrustProxy;
}

/** A guard, mounted on Fastify. */
export interface FastifyGuard<P extends Principal, V extends Vocabulary> {
  /** Lets through who has the permission. With a rule it needs a loader for the resource, which the rule then judges. */
  require<const K extends string, R extends ResourceOf<V, K> | undefined = undefined>(
    permission: Asked<V, K>,
    ...rest: RequireArguments<V, K, FastifySource, R>
  ): FastifyMiddleware;
  /** Lets through everyone who has proved who they are. */
  authenticated(options?: RequirementOptions): FastifyMiddleware;
  /** Lets through everyone; a credential that is sent must be good all the same. */
  optional(options?: RequirementOptions): FastifyMiddleware;
  /** Lets through everyone and looks at nothing. */
  open(): FastifyMiddleware;
  /** A loader by path parameter. A path without that parameter is a mistake: 503, and the reason in the log. */
  byParam<R>(name: string, load: (value: string) => MaybePromise<R | null | undefined>): Loader<FastifySource, R>;
  /** Who is calling. @throws {CoreError} `guard_missing` where no guard ran; `credential_missing` (401) for no caller. */
  auth(request: object): Authentication<P, V>;
  /** Who is calling, if anyone. @throws {CoreError} `guard_missing` where no guard ran. */
  optionalAuth(request: object): Authentication<P, V> | undefined;
  /** What the guard loaded for a permission; `unknown` without a rule. @throws {CoreError} `guard_missing` for another. */
  resource<const K extends V['permission'] & string>(request: object, permission: K): ResourceOf<V, K>;
  /** Both ends of the request, for functions that sign in and out. @throws {CoreError} `guard_missing` where no guard ran. */
  exchange(request: object): Exchange;
  /** An `onRoute` hook: closes every route added after it that states no requirement. Hooks that answer are not stopped. */
  closed(): (route: object) => void;
  /** For `app.setErrorHandler`: turns thrown denials and outages into the guard's answer, and gives other errors to `otherwise`. */
  errors(otherwise?: FastifyErrorHandler): (error: unknown, request: object, reply: object) => unknown;
  /** Every route added behind `closed()` with what it requires, and what may answer without being a route. */
  audit(app: object): readonly RouteEntry[];
  /** Start-up check. @throws {CoreError} `routes_open` naming each route that states nothing. */
  assertClosed(app: object, options?: AssertClosedOptions): void;
}

/** Hands an error on to the handler of the scope around, in the end Fastify's own. */
const handOn = (error: unknown, _request: unknown, reply: FastifyOutgoing): unknown => reply.send(error);

/**
 * Mounts a guard on Fastify 4 or 5.
 * @throws {CoreError} `invalid_option` for `trustProxy`; the guards it makes throw it for a requirement that cannot hold.
 */
export function fastifyGuard<P extends Principal, V extends Vocabulary>(
  guard: Guard<P, V>,
  options: FastifyGuardOptions = {},
): FastifyGuard<P, V> {
  const trustProxy = readTrustProxy(options.trustProxy);
  const close = closedRoutes(guard);
  const stateFor = (request: object): GuardState<P, V> | undefined =>
    (request as GuardedRequest)[stateKey] as GuardState<P, V> | undefined;

  function mount(requirement: Requirement, load?: Loader<FastifySource, unknown>): FastifyMiddleware {
    guard.validate(requirement, load !== undefined);
    const hook = (plain: FastifyIncoming, reply: FastifyOutgoing, done: FastifyDone): void => {
      const request = plain as GuardedRequest;
      const state = stateOf(request, reply, trustProxy) as GuardState<P, V>;
      const proceed = (decision: Decision<P, V, unknown>): void => {
        // Somebody else answered while we waited: what the handler did now, nobody would hear of.
        if (reply.sent || reply.raw.headersSent) return;
        if (!decision.allowed) return sendOutcome(reply, decision.outcome);
        admit(state, requirement, decision);
        // A route's own guard covers no more by this: what it would cover is that route.
        if (coversOthers(requirement)) state.covered = true;
        Object.assign(request, { auth: state.auth, resource: state.resource });
        done();
      };
      const from = request as unknown as FastifySource;
      const decided = guard.check(state.exchange.request, requirement, load && (() => load(from)));
      if (isPromise(decided)) void decided.then(proceed).then(undefined, done);
      else proceed(decided);
    };
    return markGuard(hook, requirement);
  }

  return {
    require(permission, ...rest) {
      const { requirement, load } = readRequireArguments<FastifySource>(permission, rest);
      return mount(requirement, load);
    },
    authenticated: (wanted) => mount({ ...wanted, kind: 'authenticated' }),
    optional: (wanted) => mount({ ...wanted, kind: 'optional' }),
    open: () => mount({ kind: 'open' }),
    byParam: (name, load) => (request) => load(pathParameter(request.params[name], name)),
    auth: (request) => authOf(stateFor(request)),
    optionalAuth: (request) => optionalAuthOf(stateFor(request)),
    resource: (request, permission) => resourceOf(stateFor(request), permission) as never,
    exchange: (request) => exchangeOf(stateFor(request)),
    closed: () => markPassive(close) as (route: object) => void,
    errors:
      (otherwise = handOn as FastifyErrorHandler) =>
      (error, request, reply) => {
        const outcome = (reply as FastifyOutgoing).raw.headersSent ? undefined : guard.outcomeOf(error);
        if (outcome !== undefined) return sendOutcome(reply as FastifyOutgoing, outcome);
        return otherwise(error as never, request as never, reply as never);
      },
    audit: auditRoutes,
    assertClosed: (app, { acknowledge } = {}) => guard.assertClosed(auditRoutes(app), acknowledge),
  };
}
