import { CoreError } from '../errors/core-errors.js';
import type { PermissionExpression, Requirement } from './requirement.js';

/** One route as an adapter's `audit` lists it. */
export interface RouteEntry {
  /** `GET`, `*` for all. */
  readonly method: string;
  /** The router's own pattern, or the name to acknowledge an opaque entry by. */
  readonly path: string;
  /** `guarded`: states a requirement. `open`: says so. `closed`: states nothing. `opaque`: cannot be looked into. */
  readonly state: 'guarded' | 'open' | 'closed' | 'opaque';
  /** The requirement in words: `posts:delete`, `authenticated`, `anyOf(a, b)`. */
  readonly requirement?: string;
  /** The requirement itself, with its options, for tools. */
  readonly asks?: Requirement;
}

function inWords(expression: PermissionExpression): string {
  if (typeof expression === 'string') return expression;
  return 'anyOf' in expression
    ? `anyOf(${expression.anyOf.map(inWords).join(', ')})`
    : `allOf(${expression.allOf.map(inWords).join(', ')})`;
}

/** A requirement in words, for the audit. */
export function describeRequirement(requirement: Requirement): string {
  return requirement.kind === 'permission' ? inWords(requirement.permission) : requirement.kind;
}

/** The entry of a route whose requirement is known; `undefined` is closed. */
export function routeEntry(method: string, path: string, requirement: Requirement | undefined): RouteEntry {
  if (requirement === undefined) return { method, path, state: 'closed' };
  return {
    method,
    path,
    state: requirement.kind === 'open' ? 'open' : 'guarded',
    requirement: describeRequirement(requirement),
    asks: requirement,
  };
}

/** Throws when a route is closed, when an opaque one is not acknowledged by name, or when an acknowledgement names none. */
export function assertRoutesClosed(routes: readonly RouteEntry[], acknowledged: readonly string[] = []): void {
  const names = new Set(acknowledged);
  const faults: string[] = [];
  for (const { method, path, state } of routes) {
    if (state === 'closed') faults.push(`${method} ${path} states no requirement`);
    if (state === 'opaque' && !names.has(path))
      faults.push(`${method} ${path} cannot be looked into; acknowledge it by that name if it may answer`);
    if (state === 'opaque') names.delete(path);
  }
  for (const name of names) faults.push(`"${name}" is acknowledged but no opaque route has that name`);
  if (faults.length > 0) throw new CoreError('routes_open', `The application is not closed: ${faults.join('; ')}.`);
}
