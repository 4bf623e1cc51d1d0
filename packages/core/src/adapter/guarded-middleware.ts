import type { Requirement } from '../guard/requirement.js';

// A string key, enumerable: instrumentation that wraps middleware copies those, and not symbols.
const key = 'portcullisRequirement';

interface Marked {
  readonly [key]?: Requirement | 'none';
}

/** Writes on a middleware what it requires, for `closed` and the audit. @beta */
export function markGuard<F extends object>(middleware: F, requirement: Requirement): F {
  return Object.assign(middleware, { [key]: requirement } satisfies Marked);
}

/** Marks a middleware of Portcullis that requires nothing and answers nothing by itself: the audit passes over it. @beta */
export function markPassive<F extends object>(middleware: F): F {
  return Object.assign(middleware, { [key]: 'none' } satisfies Marked);
}

/** What a middleware requires; `undefined` when it is no guard. @beta */
export function requirementOf(middleware: unknown): Requirement | undefined {
  const found = typeof middleware === 'function' ? (middleware as Marked)[key] : undefined;
  return found === 'none' ? undefined : found;
}

/** Whether the middleware is Portcullis' own and no guard. @beta */
export function isPassive(middleware: unknown): boolean {
  return typeof middleware === 'function' && (middleware as Marked)[key] === 'none';
}

/**
 * Whether a guard in front of many routes speaks for those that say nothing themselves.
 * `open` and `optional` do not: a router that is open for all of its own would open its neighbours as well.
 * @beta
 */
export function coversOthers(requirement: Requirement | undefined): requirement is Requirement {
  return requirement?.kind === 'authenticated' || requirement?.kind === 'permission';
}
