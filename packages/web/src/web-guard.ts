import type {
  Authentication,
  Exchange,
  Guard,
  MaybePromise,
  Principal,
  Requirement,
  RequirementOptions,
  RouteEntry,
  Vocabulary,
} from '@portcullis/core';
import {
  admit,
  type Asked,
  authOf,
  coversOthers,
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
import { type AssertClosedOptions, auditRoutes } from './audit-routes.js';
import {
  closedRoutes,
  markHandler,
  tableOf,
  type WebFetch,
  type WebRouteOptions,
  type WebRoutes,
} from './closed-routes.js';
import { sendFields, sendOutcome } from './send-outcome.js';
import {
  createState,
  paramsOf,
  type ReadAddress,
  requestOf,
  stateFor,
  type WebArguments,
  type WebContext,
  type WebHandling,
  type WebMiddleware,
  type WebSource,
} from './web-request.js';

/** What `webGuard` takes beside the guard. */
export interface WebGuardOptions {
  /** Proxies in front of this process, for the client's address. Default `false`.  */
  readonly trustProxy?: TrustProxy;
  /** Who is connected, from what the runtime hands over beside the `Request`. Default: nobody knows. */
  readonly address?: ReadAddress;
}

/** A guard, mounted on fetch handlers. */
export interface WebGuard<P extends Principal, V extends Vocabulary> {
  /** Lets through who has the permission. With a rule it needs a loader for the resource, which the rule then judges. */
  require<const K extends string, R extends ResourceOf<V, K> | undefined = undefined>(
    permission: Asked<V, K>,
    ...rest: RequireArguments<V, K, WebSource, R>
  ): WebMiddleware<Authentication<P, V>, R>;
  /** Lets through everyone who has proved who they are. */
  authenticated(options?: RequirementOptions): WebMiddleware<Authentication<P, V>>;
  /** Lets through everyone; a credential that is sent must be good all the same. */
  optional(options?: RequirementOptions): WebMiddleware<Authentication<P, V> | undefined>;
  /** Lets through everyone and looks at nothing. */
  open(): WebMiddleware<Authentication<P, V> | undefined>;
  /** A loader by path parameter. A path without that parameter is a mistake: 503, and the reason in the log. */
  byParam<R>(name: string, load: (value: string) => MaybePromise<R | null | undefined>): Loader<WebSource, R>;
  /** Who is calling. @throws {CoreError} `guard_missing` where no guard ran; `credential_missing` (401) for no caller. */
  auth(source: WebArguments[0]): Authentication<P, V>;
  /** Who is calling, if anyone. @throws {CoreError} `guard_missing` where no guard ran. */
  optionalAuth(source: WebArguments[0]): Authentication<P, V> | undefined;
  /** What the guard loaded for a permission; `unknown` without a rule. @throws {CoreError} `guard_missing` for another. */
  resource<const K extends V['permission'] & string>(source: WebArguments[0], permission: K): ResourceOf<V, K>;
  /** Both ends of the request, for functions that sign in and out. @throws {CoreError} `guard_missing` where no guard ran. */
  exchange(source: WebArguments[0]): Exchange;
  /** A `fetch` of a route table: 403 for routes that state nothing. @throws {CoreError} `invalid_option` for a bad route. */
  fetch(routes: WebRoutes, options?: WebRouteOptions): WebFetch;
  /** Every route of what `fetch` made with what it requires, and what may answer without being a route. */
  audit(app: object): readonly RouteEntry[];
  /** Start-up check. @throws {CoreError} `routes_open` naming each route that states nothing. */
  assertClosed(app: object, options?: AssertClosedOptions): void;
}

/**
 * Mounts a guard on fetch handlers.
 * @throws {CoreError} `invalid_option` for `trustProxy`; the guards it makes throw it for a requirement that cannot hold.
 */
export function webGuard<P extends Principal, V extends Vocabulary>(
  guard: Guard<P, V>,
  options: WebGuardOptions = {},
): WebGuard<P, V> {
  const trustProxy = readTrustProxy(options.trustProxy);
  const known = (source: object): GuardState<P, V> | undefined => stateFor(source) as GuardState<P, V> | undefined;

  function mount<A, R>(requirement: Requirement, load?: Loader<WebSource, unknown>): WebMiddleware<A, R> {
    guard.validate(requirement, load !== undefined);
    return <Args extends WebArguments>(handler: WebHandling<A, R, Args>) => {
      const answer = async (...args: Args): Promise<Response> => {
        const outer = stateFor(args[0]);
        const made = outer ?? createState(args, trustProxy, options.address);
        const state = made as unknown as GuardState<P, V>;
        const visit = async (): Promise<Response> => {
          const source = { request: requestOf(args[0]), params: await paramsOf(made, args) };
          const decision = await guard.check(state.exchange.request, requirement, load && (() => load(source)));
          if (!decision.allowed) return sendOutcome(decision.outcome);
          admit(state, requirement, decision);
          if (coversOthers(requirement)) state.covered = true;
          const { auth, resource } = state;
          try {
            return await handler({ ...source, auth, resource } as WebContext<A, R>, ...args);
          } catch (error) {
            const outcome = guard.outcomeOf(error);
            if (outcome === undefined) throw error;
            return sendOutcome(outcome);
          }
        };
        return outer === undefined ? sendFields(made, visit) : visit();
      };
      return markHandler(markGuard(answer, requirement), tableOf(handler));
    };
  }

  return {
    require(permission, ...rest) {
      const { requirement, load } = readRequireArguments<WebSource>(permission, rest);
      return mount(requirement, load);
    },
    authenticated: (wanted) => mount({ ...wanted, kind: 'authenticated' }),
    optional: (wanted) => mount({ ...wanted, kind: 'optional' }),
    open: () => mount({ kind: 'open' }),
    byParam:
      (name, load) =>
      ({ params }) =>
        load(pathParameter(params[name], name)),
    auth: (source) => authOf(known(source)),
    optionalAuth: (source) => optionalAuthOf(known(source)),
    resource: (source, permission) => resourceOf(known(source), permission) as never,
    exchange: (source) => exchangeOf(known(source)),
    fetch: closedRoutes(guard, { trustProxy, address: options.address }),
    audit: auditRoutes,
    assertClosed: (app, { acknowledge } = {}) => guard.assertClosed(auditRoutes(app), acknowledge),
  };
}
