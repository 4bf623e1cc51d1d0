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
  exchangeOf,
  type GuardState,
  type Loader,
  markGuard,
  optionalAuthOf,
  pathParameter,
  readRequireArguments,
  type RequireArguments,
  type ResourceOf,
  resourceOf,
} from '@portcullis/core/adapter';
import { readTrustProxy, type TrustProxy } from '@portcullis/core/node';
import type { Context, ErrorHandler, MiddlewareHandler } from 'hono';
import { type AssertClosedOptions, auditRoutes } from './audit-routes.js';
import { closedRoutes, routeClosed } from './closed-routes.js';
import { flushAfter, type GuardedContext, type HonoMiddleware, stateKey, stateOf } from './hono-request.js';
import { sendOutcome } from './send-outcome.js';

/** What `honoGuard` takes beside the guard. */
export interface HonoGuardOptions {
  /** Proxies in front of this process, for the client's address. Default `false`.  */
  readonly trustProxy?: TrustProxy;
}

/** A guard, mounted on Koa. */
export interface HonoGuard<P extends Principal, V extends Vocabulary> {
  /** Lets through who has the permission. With a rule it needs a loader for the resource, which the rule then judges. */
  require<const K extends string, R extends ResourceOf<V, K> | undefined = undefined>(
    permission: Asked<V, K>,
    ...rest: RequireArguments<V, K, Context, R>
  ): HonoMiddleware<Authentication<P, V>, R>;
  /** Lets through everyone who has proved who they are. */
  authenticated(options?: RequirementOptions): HonoMiddleware<Authentication<P, V>>;
  /** Lets through everyone; a credential that is sent must be good all the same. */
  optional(options?: RequirementOptions): HonoMiddleware<Authentication<P, V> | undefined>;
  /** Lets through everyone and looks at nothing. */
  open(): HonoMiddleware<Authentication<P, V> | undefined>;
  /** A loader by path parameter. A path without that parameter is a mistake: 503, and the reason in the log. */
  byParam<R>(name: string, load: (value: string) => MaybePromise<R | null | undefined>): Loader<Context, R>;
  /** Who is calling. @throws {CoreError} `guard_missing` where no guard ran; `credential_missing` (401) for no caller. */
  auth(c: Context): Authentication<P, V>;
  /** Who is calling, if anyone. @throws {CoreError} `guard_missing` where no guard ran. */
  optionalAuth(c: Context): Authentication<P, V> | undefined;
  /** What the guard loaded for a permission; `unknown` without a rule. @throws {CoreError} `guard_missing` for another. */
  resource<const K extends V['permission'] & string>(c: Context, permission: K): ResourceOf<V, K>;
  /** Both ends of the request, for functions that sign in and out. @throws {CoreError} `guard_missing` where no guard ran. */
  exchange(c: Context): Exchange;
  /** Closes every route behind it that states no requirement: 403. Middleware that answers is not stopped. */
  closed(): MiddlewareHandler;
  /** For `app.onError`: turns thrown denials and outages into the guard's answer, and gives other errors to `otherwise`. */
  errors(otherwise?: ErrorHandler): ErrorHandler;
  /** Every route with what it requires, and what may answer without being a route. */
  audit(app: object): readonly RouteEntry[];
  /** Start-up check. @throws {CoreError} `routes_open` naming each route that states nothing. */
  assertClosed(app: object, options?: AssertClosedOptions): void;
}

/** What Hono itself does about an error. */
const honoDefault: ErrorHandler = (error, c) => {
  if ('getResponse' in error) {
    const response = error.getResponse();
    return c.newResponse(response.body, response);
  }
  console.error(error);
  return c.text('Internal Server Error', 500);
};

/**
 * Mounts a guard on Hono 4.
 * @throws {CoreError} `invalid_option` for `trustProxy`; the guards it makes throw it for a requirement that cannot hold.
 */
export function honoGuard<P extends Principal, V extends Vocabulary>(
  guard: Guard<P, V>,
  options: HonoGuardOptions = {},
): HonoGuard<P, V> {
  const trustProxy = readTrustProxy(options.trustProxy);
  const stateFor = (c: GuardedContext): GuardState<P, V> | undefined =>
    c[stateKey]?.state as GuardState<P, V> | undefined;

  function mount<A, R>(requirement: Requirement, load?: Loader<Context, unknown>): HonoMiddleware<A, R> {
    guard.validate(requirement, load !== undefined);
    const middleware = (c: GuardedContext, next: () => Promise<void>): MaybePromise<Response | void> => {
      const first = c[stateKey] === undefined;
      const made = stateOf(c, trustProxy);
      const state = made.state as GuardState<P, V>;
      const proceed = (decision: Decision<P, V, unknown>): MaybePromise<Response | void> => {
        // Somebody else answered while we waited: what the handler did now, nobody would hear of.
        if (made.sent()) return undefined;
        if (!decision.allowed) return sendOutcome(c, decision.outcome);
        admit(state, requirement, decision);
        c.set('auth', state.auth);
        c.set('resource', state.resource);
        return first && made.flush !== undefined ? flushAfter(next, made.flush) : next();
      };
      const decided = guard.check(state.exchange.request, requirement, load && (() => load(c)));
      return isPromise(decided) ? decided.then(proceed) : proceed(decided);
    };
    return markGuard(middleware as MiddlewareHandler, requirement);
  }

  return {
    require(permission, ...rest) {
      const { requirement, load } = readRequireArguments<Context>(permission, rest);
      return mount(requirement, load);
    },
    authenticated: (wanted) => mount({ ...wanted, kind: 'authenticated' }),
    optional: (wanted) => mount({ ...wanted, kind: 'optional' }),
    open: () => mount({ kind: 'open' }),
    byParam: (name, load) => (c) => load(pathParameter(c.req.param(name), name)),
    auth: (c) => authOf(stateFor(c)),
    optionalAuth: (c) => optionalAuthOf(stateFor(c)),
    resource: (c, permission) => resourceOf(stateFor(c), permission) as never,
    exchange: (c) => exchangeOf(stateFor(c)),
    closed: () => closedRoutes(guard),
    errors:
      (otherwise = honoDefault) =>
      (error, c) => {
        // What closed() throws carries its own answer.
        if ('getResponse' in error && error.cause === routeClosed) return error.getResponse();
        const outcome = guard.outcomeOf(error);
        return outcome === undefined ? otherwise(error, c) : sendOutcome(c, outcome);
      },
    audit: auditRoutes,
    assertClosed: (app, { acknowledge } = {}) => guard.assertClosed(auditRoutes(app), acknowledge),
  };
}
