import type { Requirement } from '../guard/requirement.js';
import { type RouteEntry, routeEntry } from '../guard/route-audit.js';

/** Collects an audit. @beta */
export interface RouteList {
  readonly entries: readonly RouteEntry[];
  /** A route, `undefined` for one that states no requirement. */
  route(method: string, path: string, requirement: Requirement | undefined): void;
  /** Something that may answer and cannot be looked into. A second one of the same name becomes `name #2`. */
  opaque(method: string, name: string): void;
}

/** An empty audit. @beta */
export function createRouteList(): RouteList {
  const entries: RouteEntry[] = [];
  const seen = new Map<string, number>();
  return {
    entries,
    route: (method, path, requirement) => void entries.push(routeEntry(method, path, requirement)),
    opaque(method, name) {
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      // One acknowledgement must not cover a second function that happens to be called the same.
      entries.push({ method, path: count === 1 ? name : `${name} #${count}`, state: 'opaque' });
    },
  };
}
