import type { Guard, Requirement } from '@portcullis/core';
import { coversOthers, isPassive, markPassive, requirementOf } from '@portcullis/core/adapter';
import type { MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { matchedRoutes } from 'hono/route';
import { sendOutcome } from './send-outcome.js';

/** The cause of the error by which a route is closed that another one has handed on to. */
export const routeClosed: unique symbol = Symbol('portcullis.closed');

/** What is read of an entry of `app.routes`. */
export interface HonoEntry {
  readonly method: string;
  readonly path: string;
  readonly handler: unknown;
}

/** An entry as it takes part in the order of things. */
export interface Step {
  readonly kind: 'passive' | 'guard' | 'middleware' | 'route';
  readonly requirement: Requirement | undefined;
  readonly name: string;
  /** Of the same registration as the entry before it, as far as can be told: a guard there speaks for this one. */
  readonly continues: boolean;
}

/** The function behind an entry; `app.route` wraps those of a sub-application that has an error handler. */
function handleOf(handler: unknown): (...args: never[]) => unknown {
  const inner = (handler as { readonly __COMPOSED_HANDLER?: unknown }).__COMPOSED_HANDLER;
  return inner === undefined ? (handler as (...args: never[]) => unknown) : handleOf(inner);
}

/**
 * Tells an entry's part. Hono registers middleware and handlers alike: what is registered for every method and takes
 * `next` counts as middleware, which may answer and cannot be looked into; all else is a route.
 */
export function stepOf(entry: HonoEntry, previous: HonoEntry | undefined): Step {
  const handle = handleOf(entry.handler);
  const requirement = requirementOf(handle);
  const continues = entry.method === previous?.method && entry.path === previous.path;
  const kind = isPassive(handle)
    ? 'passive'
    : requirement !== undefined
      ? 'guard'
      : entry.method === 'ALL' && handle.length > 1
        ? 'middleware'
        : 'route';
  return { kind, requirement, name: handle.name || '<anonymous>', continues };
}

/**
 * Middleware that closes every route behind it which states no requirement. `matchedRoutes` tells what will run, in
 * order, so that the first route is judged before anything runs, and a later one when it is reached.
 */
export function closedRoutes(guard: Pick<Guard, 'refuseClosed'>): MiddlewareHandler {
  const closed: MiddlewareHandler = (c, next) => {
    const entries = matchedRoutes(c);
    const from = c.req.routeIndex;
    let covered = false;
    let own = false;
    let judged = false;
    let reached = false;
    for (const [at, entry] of entries.entries()) {
      const { kind, requirement, continues } = stepOf(entry, entries[at - 1]);
      if (!continues) own = judged = false;
      // A guard after the handler comes too late for it.
      if (kind === 'guard' && !judged) own = true;
      if (kind === 'guard' && entry.method === 'ALL' && coversOthers(requirement)) covered = true;
      if (kind !== 'route' || judged) continue;
      judged = true;
      if (at <= from) continue;
      if (!own && !covered) {
        const refuse = (): Response => sendOutcome(c, guard.refuseClosed(c.req.method, entry.path));
        if (!reached) return Promise.resolve(refuse());
        watch(c.req, at, refuse);
        break;
      }
      reached = true;
    }
    return next();
  };
  return markPassive(closed);
}

/** Refuses at the step `at`: a declared route has called `next`, and here is one that states nothing. */
function watch(request: { routeIndex: number }, at: number, refuse: () => Response): void {
  let index = request.routeIndex;
  Object.defineProperty(request, 'routeIndex', {
    configurable: true,
    enumerable: true,
    get: () => index,
    set(value: number) {
      // An error, because Hono leaves no other way out from here; its own error handler answers with the response.
      if (value === at) throw new HTTPException(403, { res: refuse(), cause: routeClosed });
      index = value;
    },
  });
}
