import type {
  Guard,
  MaybePromise,
  Outcome,
  Principal,
  Requirement,
  RequirementOptions,
  Vocabulary,
} from '@portcullis/core';
import {
  admit,
  type Asked,
  authOf,
  coversOthers,
  createGuardState,
  createRouteList,
  exchangeOf,
  type GuardState,
  type Loader,
  markGuard,
  optionalAuthOf,
  outcomeFields,
  pathParameter,
  readRequireArguments,
  representationFields,
  type RequireArguments,
  requirementOf,
  type ResourceOf,
  resourceOf,
} from '@portcullis/core/adapter';
import { createNodeExchange, readTrustProxy, type TrustProxy } from '@portcullis/core/node';
import {
  failed,
  type Next,
  type TinyApp,
  type TinyContext,
  type TinyHandler,
  type TinyLayer,
} from './tiny-framework.js';

// #region state
const stateKey = Symbol('portcullis.state');

/** What Portcullis keeps of a request, on the framework's own object. */
const find = (ctx: TinyContext): GuardState | undefined => ctx.state[stateKey] as GuardState | undefined;

function stateOf(ctx: TinyContext, trustProxy: TrustProxy): GuardState {
  const { req, res } = ctx;
  const state = find(ctx) ?? createGuardState(createNodeExchange(req, res, { url: req.url ?? '', trustProxy }));
  ctx.state[stateKey] = state;
  return state;
}
// #endregion state

// #region answer
/** Answers with what the guard decided. Fields that earlier middleware has set (CORS) stay. */
function send({ res }: TinyContext, outcome: Outcome): void {
  for (const name of representationFields) res.removeHeader(name);
  for (const [name, value] of Object.entries(outcomeFields(outcome))) res.setHeader(name, value);
  res.writeHead(outcome.status).end(outcome.body);
}
// #endregion answer

/** Mounts a guard on the framework. */
export function tinyGuard<P extends Principal, V extends Vocabulary>(
  guard: Guard<P, V>,
  options: { readonly trustProxy?: TrustProxy } = {},
) {
  const trustProxy = readTrustProxy(options.trustProxy);
  const known = (ctx: TinyContext): GuardState<P, V> | undefined => find(ctx) as GuardState<P, V> | undefined;

  // #region mount
  function mount(requirement: Requirement, load?: Loader<TinyContext, unknown>): TinyHandler {
    guard.validate(requirement, load !== undefined); // a requirement that cannot hold fails at start-up
    const middleware = async (ctx: TinyContext, next: Next): Promise<void> => {
      const state = stateOf(ctx, trustProxy) as GuardState<P, V>;
      const decision = await guard.check(state.exchange.request, requirement, load && (() => load(ctx)));
      if (ctx.res.headersSent) return; // somebody else answered while we waited
      if (!decision.allowed) return send(ctx, decision.outcome);
      admit(state, requirement, decision);
      if (!isRoute.has(ctx) && coversOthers(requirement)) state.covered = true;
      Object.assign(ctx.state, { auth: state.auth, resource: state.resource });
      await next(); // outside of any try: a handler's own error is no denial
    };
    return markGuard(middleware, requirement);
  }
  // #endregion mount

  // #region closed
  const isRoute = new WeakSet<TinyContext>();

  function beforeRoute({ method, path, handlers }: TinyLayer, ctx: TinyContext, next: Next): unknown {
    isRoute.add(ctx);
    // The first handler has to be the guard. After another one it would come too late.
    const stated = requirementOf(handlers[0]) !== undefined || find(ctx)?.covered === true;
    return stated ? next() : send(ctx, guard.refuseClosed(ctx.req.method ?? method ?? '', path));
  }
  // #endregion closed

  // #region audit
  function audit({ layers }: TinyApp) {
    const list = createRouteList();
    for (const [at, { method, path, handlers }] of layers.entries()) {
      const before = layers.slice(0, at).filter((layer) => layer.method === undefined);
      const cover = before
        .filter((layer) => layer.path === '/' || path.startsWith(`${layer.path}/`))
        .flatMap((layer) => layer.handlers.map(requirementOf))
        .find(coversOthers);
      if (method !== undefined) list.route(method, path, requirementOf(handlers[0]) ?? cover);
      else
        for (const handler of handlers)
          if (requirementOf(handler) === undefined) list.opaque('*', handler.name || '<anonymous>');
    }
    return list.entries;
  }
  // #endregion audit

  return {
    require<const K extends string, R extends ResourceOf<V, K> | undefined = undefined>(
      permission: Asked<V, K>,
      ...rest: RequireArguments<V, K, TinyContext, R>
    ): TinyHandler {
      const { requirement, load } = readRequireArguments<TinyContext>(permission, rest);
      return mount(requirement, load);
    },
    authenticated: (wanted?: RequirementOptions) => mount({ ...wanted, kind: 'authenticated' }),
    optional: (wanted?: RequirementOptions) => mount({ ...wanted, kind: 'optional' }),
    open: () => mount({ kind: 'open' }),
    byParam:
      <R>(name: string, load: (value: string) => MaybePromise<R | null | undefined>): Loader<TinyContext, R> =>
      ({ params }) =>
        load(pathParameter(params[name], name)),
    auth: (ctx: TinyContext) => authOf(known(ctx)),
    optionalAuth: (ctx: TinyContext) => optionalAuthOf(known(ctx)),
    resource: <const K extends V['permission'] & string>(ctx: TinyContext, permission: K) =>
      resourceOf(known(ctx), permission) as ResourceOf<V, K>,
    exchange: (ctx: TinyContext) => exchangeOf(known(ctx)),
    closed: () => beforeRoute,
    // #region errors
    /** For `app.onError`: thrown denials and outages become the guard's answer, other errors go on. */
    errors:
      (otherwise: TinyApp['onError'] = failed) =>
      (error: unknown, ctx: TinyContext) => {
        const outcome = ctx.res.headersSent ? undefined : guard.outcomeOf(error);
        if (outcome === undefined) otherwise(error, ctx);
        else send(ctx, outcome);
      },
    // #endregion errors
    audit,
    assertClosed: (app: TinyApp, { acknowledge }: { readonly acknowledge?: readonly string[] } = {}) =>
      guard.assertClosed(audit(app), acknowledge),
  };
}
