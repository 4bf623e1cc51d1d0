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
import type { Request } from 'express';
import { type AssertClosedOptions, auditRoutes } from './audit-routes.js';
import { closedRoutes } from './closed-routes.js';
import {
  type ExpressMiddleware,
  type ExpressRequest,
  type ExpressResponse,
  type ExpressNext,
  stateKey,
  stateOf,
} from './express-request.js';
import { sendOutcome } from './send-outcome.js';

/** What `expressGuard` takes beside the guard. */
export interface ExpressGuardOptions {
  /** Proxies in front of this process, for the client's address. Default `false`. Express' own setting is not read. */
  readonly trustProxy?: TrustProxy;
}

/** A guard, mounted on Express. */
export interface ExpressGuard<P extends Principal, V extends Vocabulary> {
  /** Lets through who has the permission. With a rule it needs a loader for the resource, which the rule then judges. */
  require<const K extends string, R extends ResourceOf<V, K> | undefined = undefined>(
    permission: Asked<V, K>,
    ...rest: RequireArguments<V, K, Request, R>
  ): ExpressMiddleware<Authentication<P, V>, R>;
  /** Lets through everyone who has proved who they are. */
  authenticated(options?: RequirementOptions): ExpressMiddleware<Authentication<P, V>>;
  /** Lets through everyone; a credential that is sent must be good all the same. */
  optional(options?: RequirementOptions): ExpressMiddleware<Authentication<P, V> | undefined>;
  /** Lets through everyone and looks at nothing. */
  open(): ExpressMiddleware<Authentication<P, V> | undefined>;
  /** A loader by path parameter. A path without that parameter is a mistake: 503, and the reason in the log. */
  byParam<R>(name: string, load: (value: string) => MaybePromise<R | null | undefined>): Loader<Request, R>;
  /** Who is calling. @throws {CoreError} `guard_missing` where no guard ran; `credential_missing` (401) for no caller. */
  auth(req: object): Authentication<P, V>;
  /** Who is calling, if anyone. @throws {CoreError} `guard_missing` where no guard ran. */
  optionalAuth(req: object): Authentication<P, V> | undefined;
  /** What the guard loaded for a permission; `unknown` without a rule. @throws {CoreError} `guard_missing` for another. */
  resource<const K extends V['permission'] & string>(req: object, permission: K): ResourceOf<V, K>;
  /** Both ends of the request, for functions that sign in and out. @throws {CoreError} `guard_missing` where no guard ran. */
  exchange(req: object): Exchange;
  /** Closes every route behind it that states no requirement: 403. Middleware that answers is not stopped. */
  closed(): (req: object, res: object, next: ExpressNext) => void;
  /** Turns thrown denials and outages into the guard's answer; hands on other errors. Mount it last. */
  errors(): (error: unknown, req: object, res: object, next: ExpressNext) => void;
  /** Every route with what it requires, and what may answer without being a route. */
  audit(app: object): readonly RouteEntry[];
  /** Start-up check. @throws {CoreError} `routes_open` naming each route that states nothing. */
  assertClosed(app: object, options?: AssertClosedOptions): void;
}

/**
 * Mounts a guard on Express 4 or 5.
 * @throws {CoreError} `invalid_option` for `trustProxy`; the guards it makes throw it for a requirement that cannot hold.
 */
export function expressGuard<P extends Principal, V extends Vocabulary>(
  guard: Guard<P, V>,
  options: ExpressGuardOptions = {},
): ExpressGuard<P, V> {
  const trustProxy = readTrustProxy(options.trustProxy);
  const stateFor = (req: object): GuardState<P, V> | undefined =>
    (req as ExpressRequest)[stateKey] as GuardState<P, V> | undefined;

  function mount<A, R>(requirement: Requirement, load?: Loader<Request, unknown>): ExpressMiddleware<A, R> {
    guard.validate(requirement, load !== undefined);
    const middleware = (
      req: ExpressRequest,
      res: ExpressResponse & { readonly locals?: object },
      next: ExpressNext,
    ): void => {
      const state = stateOf(req, res, trustProxy) as GuardState<P, V>;
      const proceed = (decision: Decision<P, V, unknown>): void => {
        // Somebody else answered while we waited: what the handler did now, nobody would hear of.
        if (res.headersSent) return;
        if (!decision.allowed) return sendOutcome(res, decision.outcome);
        admit(state, requirement, decision);
        const own = req.route?.stack.some(({ handle }) => handle === middleware) === true;
        if (!own && coversOthers(requirement)) state.covered = true;
        if (res.locals !== undefined) Object.assign(res.locals, { auth: state.auth, resource: state.resource });
        next();
      };
      const decided = guard.check(state.exchange.request, requirement, load && (() => load(req as Request)));
      if (isPromise(decided)) void decided.then(proceed, next);
      else proceed(decided);
    };
    return markGuard(middleware, requirement);
  }

  return {
    require(permission, ...rest) {
      const { requirement, load } = readRequireArguments<Request>(permission, rest);
      return mount(requirement, load);
    },
    authenticated: (wanted) => mount({ ...wanted, kind: 'authenticated' }),
    optional: (wanted) => mount({ ...wanted, kind: 'optional' }),
    open: () => mount({ kind: 'open' }),
    byParam: (name, load) => (req) => load(pathParameter(req.params[name], name)),
    auth: (req) => authOf(stateFor(req)),
    optionalAuth: (req) => optionalAuthOf(stateFor(req)),
    resource: (req, permission) => resourceOf(stateFor(req), permission) as never,
    exchange: (req) => exchangeOf(stateFor(req)),
    closed: () => closedRoutes(guard) as ReturnType<ExpressGuard<P, V>['closed']>,
    errors: () =>
      markPassive((error: unknown, _req: object, res: object, next: ExpressNext): void => {
        const outcome = (res as ExpressResponse).headersSent ? undefined : guard.outcomeOf(error);
        if (outcome === undefined) next(error);
        else sendOutcome(res as ExpressResponse, outcome);
      }),
    audit: auditRoutes,
    assertClosed: (app, { acknowledge } = {}) => guard.assertClosed(auditRoutes(app), acknowledge),
  };
}
