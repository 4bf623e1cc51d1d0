import type { Guard } from '@portcullis/core';
import { isPassive, markPassive, requirementOf } from '@portcullis/core/adapter';
import {
  type ExpressLayer,
  type ExpressRequest,
  type ExpressResponse,
  type ExpressRoute,
  type ExpressNext,
  stateKey,
} from './express-request.js';
import { sendOutcome } from './send-outcome.js';

const routeKey: unique symbol = Symbol('portcullis.route');

interface WatchedRequest extends ExpressRequest {
  [routeKey]?: ExpressRoute | undefined;
}

/** The method by which a route looks for handlers; `undefined` when it has none and the request goes on to the next route. */
function handledMethod({ methods }: ExpressRoute, method: string | undefined): string | undefined {
  const name = (method ?? '').toLowerCase();
  const used = name === 'head' && !methods['head'] ? 'get' : name;
  return methods['_all'] || methods[used] ? used : undefined;
}

/** The function a route runs first for a method. A guard anywhere else comes too late: what runs before it may answer. */
export function firstHandle(route: ExpressRoute, method: string): unknown {
  return route.stack.find(
    (layer) => !isPassive(layer.handle) && (layer.method === undefined || layer.method === method),
  )?.handle;
}

type LayerConstructor = new (path: string, options: object, handle: unknown) => ExpressLayer;

/**
 * Middleware that closes every route behind it which states no requirement.
 *
 * Express tells nobody that a route matched, but it writes `req.route` just before it runs the route. The setter puts a
 * gate before the route's own functions, once for each route.
 */
export function closedRoutes(
  guard: Pick<Guard, 'refuseClosed'>,
): (req: ExpressRequest, res: ExpressResponse, next: ExpressNext) => void {
  const gate = markPassive((req: ExpressRequest, res: ExpressResponse, next: ExpressNext): void => {
    const { route } = req;
    const method = route && handledMethod(route, req.method);
    // HEAD reaches routes that have no handler for it, and runs nothing there.
    if (route === undefined || method === undefined) return next();
    if (requirementOf(firstHandle(route, method)) !== undefined || req[stateKey]?.covered === true) return next();
    sendOutcome(res, guard.refuseClosed(req.method ?? '', `${req.baseUrl ?? ''}${String(route.path)}`));
  });
  const watched: PropertyDescriptor & ThisType<WatchedRequest> = {
    configurable: true,
    enumerable: true,
    get() {
      return this[routeKey];
    },
    set(route: ExpressRoute | undefined) {
      this[routeKey] = route;
      const first = route?.stack[0];
      if (route === undefined || first === undefined || route.stack.some(({ handle }) => handle === gate)) return;
      const Layer = first.constructor as LayerConstructor;
      // A new array, not an insertion: a request that is on its way through the old one keeps its place.
      route.stack = [new Layer('/', {}, gate), ...route.stack];
    },
  };
  return markPassive((req: WatchedRequest, _res: ExpressResponse, next: ExpressNext): void => {
    req[routeKey] = req.route;
    Object.defineProperty(req, 'route', watched);
    next();
  });
}
