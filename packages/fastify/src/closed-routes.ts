import type { Guard } from '@portcullis/core';
import { isPassive, markPassive, requirementOf } from '@portcullis/core/adapter';
import { type FastifyDone, type FastifyOutgoing, type GuardedRequest, stateKey } from './fastify-request.js';
import { sendOutcome } from './send-outcome.js';

type Hook = (...args: never[]) => unknown;

/** What Fastify hands to an `onRoute` hook, as far as it is read and written here. */
export interface FastifyRoute {
  readonly method: string | readonly string[];
  readonly url: string;
  onRequest?: Hook | readonly Hook[] | undefined;
}

/** An instance of Fastify: the root, or the scope of a plugin. */
export interface FastifyScope {
  readonly prefix: string;
  /** Shared by the root and all of its scopes. */
  readonly server: object;
}

/** A route as it was added. */
export interface AddedRoute {
  readonly scope: FastifyScope;
  readonly route: FastifyRoute;
}

/** Fastify lists its routes nowhere: what `closed()` has seen, by the server that the root and its scopes share. */
const added = new WeakMap<object, Set<AddedRoute>>();
const reported = new WeakMap<FastifyRoute, AddedRoute>();

/** The routes added behind `closed()`; `undefined` where it was never mounted. */
export function addedRoutes({ server }: FastifyScope): ReadonlySet<AddedRoute> | undefined {
  return added.get(server);
}

/** A route's own `onRequest` hooks, in order. */
function ownHooks({ onRequest }: FastifyRoute): readonly Hook[] {
  return [onRequest ?? []].flat() as readonly Hook[];
}

/** The hook a route runs first. A guard anywhere else comes too late: what runs before it may answer. */
export function firstHandle(route: FastifyRoute): Hook | undefined {
  return ownHooks(route).find((hook) => !isPassive(hook));
}

/**
 * An `onRoute` hook that closes every route added after it, in its scope and those inside, which states no requirement.
 *
 * It puts a gate before the route's own hooks. Hooks of the scopes around run before those, whenever they were added, so
 * that the gate knows at request time whether a guard of a scope has let the request pass.
 */
export function closedRoutes(guard: Pick<Guard, 'refuseClosed'>): (this: FastifyScope, route: FastifyRoute) => void {
  return function closed(this: FastifyScope, route: FastifyRoute): void {
    const seen = added.get(this.server) ?? new Set();
    added.set(this.server, seen);
    // A scope of its own may mount `closed()` as well: one gate is enough.
    if (reported.has(route)) return;
    const entry: AddedRoute = { scope: this, route };
    reported.set(route, entry);
    seen.add(entry);
    const gate = markPassive((request: GuardedRequest, reply: FastifyOutgoing, done: FastifyDone): void => {
      if (requirementOf(firstHandle(route)) !== undefined || request[stateKey]?.covered === true) return done();
      sendOutcome(reply, guard.refuseClosed(request.method, route.url));
    });
    // A new array, not an insertion: applications share theirs between routes.
    route.onRequest = [gate as Hook, ...ownHooks(route)];
  };
}
