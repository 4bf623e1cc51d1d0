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
import { closedRoutes, isRoute } from './closed-routes.js';
import {
  type KoaMiddleware,
  type KoaSource,
  type KoaNext,
  type RoutedContext,
  stateKey,
  stateOf,
} from './koa-request.js';
import { sendOutcome } from './send-outcome.js';

/** What `koaGuard` takes beside the guard. */
export interface KoaGuardOptions {
  /** Proxies in front of this process, for the client's address. Default `false`. Koa's own setting is not read. */
  readonly trustProxy?: TrustProxy;
}

/** A guard, mounted on Koa. */
export interface KoaGuard<P extends Principal, V extends Vocabulary> {
  /** Lets through who has the permission. With a rule it needs a loader for the resource, which the rule then judges. */
  require<const K extends string, R extends ResourceOf<V, K> | undefined = undefined>(
    permission: Asked<V, K>,
    ...rest: RequireArguments<V, K, KoaSource, R>
  ): KoaMiddleware<Authentication<P, V>, R>;
  /** Lets through everyone who has proved who they are. */
  authenticated(options?: RequirementOptions): KoaMiddleware<Authentication<P, V>>;
  /** Lets through everyone; a credential that is sent must be good all the same. */
  optional(options?: RequirementOptions): KoaMiddleware<Authentication<P, V> | undefined>;
  /** Lets through everyone and looks at nothing. */
  open(): KoaMiddleware<Authentication<P, V> | undefined>;
  /** A loader by path parameter. A path without that parameter is a mistake: 503, and the reason in the log. */
  byParam<R>(name: string, load: (value: string) => MaybePromise<R | null | undefined>): Loader<KoaSource, R>;
  /** Who is calling. @throws {CoreError} `guard_missing` where no guard ran; `credential_missing` (401) for no caller. */
  auth(ctx: object): Authentication<P, V>;
  /** Who is calling, if anyone. @throws {CoreError} `guard_missing` where no guard ran. */
  optionalAuth(ctx: object): Authentication<P, V> | undefined;
  /** What the guard loaded for a permission; `unknown` without a rule. @throws {CoreError} `guard_missing` for another. */
  resource<const K extends V['permission'] & string>(ctx: object, permission: K): ResourceOf<V, K>;
  /** Both ends of the request, for functions that sign in and out. @throws {CoreError} `guard_missing` where no guard ran. */
  exchange(ctx: object): Exchange;
  /** Closes every route behind it that states no requirement: 403. Middleware that answers is not stopped. */
  closed(): (ctx: object, next: KoaNext) => unknown;
  /** `router.routes()`, closed: for one router what `closed` is for all behind it. */
  routes<M>(router: { routes(): M }): M;
  /** Turns thrown denials and outages into the guard's answer; hands on other errors. Mount it first. */
  errors(): (ctx: object, next: KoaNext) => Promise<void>;
  /** Every route with what it requires, and what may answer without being a route. */
  audit(app: object): readonly RouteEntry[];
  /** Start-up check. @throws {CoreError} `routes_open` naming each route that states nothing. */
  assertClosed(app: object, options?: AssertClosedOptions): void;
}

/**
 * Mounts a guard on Koa 2 or 3.
 * @throws {CoreError} `invalid_option` for `trustProxy`; the guards it makes throw it for a requirement that cannot hold.
 */
export function koaGuard<P extends Principal, V extends Vocabulary>(
  guard: Guard<P, V>,
  options: KoaGuardOptions = {},
): KoaGuard<P, V> {
  const trustProxy = readTrustProxy(options.trustProxy);
  const close = closedRoutes(guard);
  const stateFor = (ctx: object): GuardState<P, V> | undefined =>
    (ctx as RoutedContext)[stateKey] as GuardState<P, V> | undefined;

  function mount<A, R>(requirement: Requirement, load?: Loader<KoaSource, unknown>): KoaMiddleware<A, R> {
    guard.validate(requirement, load !== undefined);
    const middleware = (ctx: RoutedContext & { readonly state: object }, next: KoaNext): unknown => {
      const state = stateOf(ctx, trustProxy) as GuardState<P, V>;
      const proceed = (decision: Decision<P, V, unknown>): unknown => {
        // Somebody else answered while we waited: what the handler did now, nobody would hear of.
        if (ctx.headerSent) return undefined;
        if (!decision.allowed) return sendOutcome(ctx, decision.outcome);
        admit(state, requirement, decision);
        const own = ctx.matched?.some((layer) => isRoute(layer) && layer.stack.includes(middleware)) === true;
        if (!own && coversOthers(requirement)) state.covered = true;
        Object.assign(ctx.state, { auth: state.auth, resource: state.resource });
        return next();
      };
      const decided = guard.check(state.exchange.request, requirement, load && (() => load(ctx as KoaSource)));
      return isPromise(decided) ? decided.then(proceed) : proceed(decided);
    };
    return markGuard(middleware, requirement);
  }

  return {
    require(permission, ...rest) {
      const { requirement, load } = readRequireArguments<KoaSource>(permission, rest);
      return mount(requirement, load);
    },
    authenticated: (wanted) => mount({ ...wanted, kind: 'authenticated' }),
    optional: (wanted) => mount({ ...wanted, kind: 'optional' }),
    open: () => mount({ kind: 'open' }),
    byParam: (name, load) => (ctx) => load(pathParameter(ctx.params[name], name)),
    auth: (ctx) => authOf(stateFor(ctx)),
    optionalAuth: (ctx) => optionalAuthOf(stateFor(ctx)),
    resource: (ctx, permission) => resourceOf(stateFor(ctx), permission) as never,
    exchange: (ctx) => exchangeOf(stateFor(ctx)),
    closed: () => markPassive((ctx: object, next: KoaNext) => (close(ctx as RoutedContext), next())),
    routes<M>(router: { routes(): M }): M {
      const dispatch = router.routes() as (ctx: object, next: KoaNext) => unknown;
      const closed = (ctx: object, next: KoaNext): unknown => (close(ctx as RoutedContext), dispatch(ctx, next));
      return Object.assign(closed, { router }) as M;
    },
    errors: () =>
      markPassive(async (ctx: object, next: KoaNext): Promise<void> => {
        try {
          await next();
        } catch (error) {
          const outcome = (ctx as RoutedContext).headerSent ? undefined : guard.outcomeOf(error);
          if (outcome === undefined) throw error;
          sendOutcome(ctx as RoutedContext, outcome);
        }
      }),
    audit: auditRoutes,
    assertClosed: (app, { acknowledge } = {}) => guard.assertClosed(auditRoutes(app), acknowledge),
  };
}
