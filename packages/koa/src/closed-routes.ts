import type { Guard } from '@portcullis/core';
import { isPassive, markPassive, requirementOf } from '@portcullis/core/adapter';
import { type KoaHandle, type KoaLayer, type KoaNext, type RoutedContext, stateKey } from './koa-request.js';
import { sendOutcome } from './send-outcome.js';

const routerKey: unique symbol = Symbol('portcullis.router');

interface WatchedContext extends RoutedContext {
  [routerKey]?: unknown;
}

/** Whether a layer is a route, and not `router.use`. */
export function isRoute({ methods }: KoaLayer): boolean {
  return methods.length > 0;
}

/** The function a route runs first. A guard anywhere else comes too late: what runs before it may answer. */
export function firstHandle({ stack }: KoaLayer): KoaHandle | undefined {
  return stack.find((handle) => !isPassive(handle) && handle.param === undefined);
}

/**
 * Makes what closes, for one context, every route that states no requirement.
 *
 * @koa/router tells nobody that a route matched, but it writes `ctx.matched`, then `ctx.router`, just before it chains the
 * layers. The setter puts a gate before each route's own functions, once for each route.
 */
export function closedRoutes(guard: Pick<Guard, 'refuseClosed'>): (ctx: RoutedContext) => void {
  const gates = new WeakSet<KoaHandle>();
  function gateOf(layer: KoaLayer): KoaHandle {
    const gate = markPassive((ctx: RoutedContext, next: KoaNext): unknown => {
      if (requirementOf(firstHandle(layer)) !== undefined || ctx[stateKey]?.covered === true) return next();
      return sendOutcome(ctx, guard.refuseClosed(ctx.method, String(layer.path)));
    });
    gates.add(gate);
    return gate;
  }
  const watched: PropertyDescriptor & ThisType<WatchedContext> = {
    configurable: true,
    enumerable: true,
    get() {
      return this[routerKey];
    },
    set(router: unknown) {
      this[routerKey] = router;
      for (const layer of this.matched ?? []) {
        // A new array, not an insertion: a request that is on its way through the old one keeps its place.
        if (isRoute(layer) && !layer.stack.some((handle) => gates.has(handle)))
          layer.stack = [gateOf(layer), ...layer.stack];
      }
    },
  };
  return (ctx: WatchedContext) => {
    ctx[routerKey] = ctx.router;
    Object.defineProperty(ctx, 'router', watched);
  };
}
