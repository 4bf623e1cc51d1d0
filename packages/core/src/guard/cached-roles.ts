import { invalidOption } from '../errors/core-errors.js';
import type { Clock } from '../runtime/environment.js';
import { type MaybePromise, andThen } from '../runtime/maybe-promise.js';
import { createTwoGenerations } from '../storage/two-generations.js';
import type { Principal } from './principal.js';

/** How long `cachedRoles` keeps what was answered, and of how many. */
export interface CachedRolesOptions {
  /** Milliseconds above 0. A change of roles takes that long to be seen. */
  readonly ttl: number;
  /** Principals at a time, a whole number of at least 2. Default 10,000. */
  readonly max?: number | undefined;
  /** Default: `Date.now`. */
  readonly clock?: Clock | undefined;
}

/**
 * Asks for a principal's roles at most once in `ttl` milliseconds: `createGuard({ roles: cachedRoles(read, { ttl }) })`.
 * A failure is not kept.
 * @throws {CoreError} `invalid_option` for `ttl` or `max` out of range.
 */
export function cachedRoles<P extends Principal, R extends string>(
  read: (principal: P) => MaybePromise<readonly R[]>,
  { ttl, max = 10_000, clock = Date.now }: CachedRolesOptions,
): (principal: P) => MaybePromise<readonly R[]> {
  if (!(Number.isFinite(ttl) && ttl > 0)) throw invalidOption('cachedRoles.ttl', 'give milliseconds above 0');
  if (!(Number.isSafeInteger(max) && max >= 2))
    throw invalidOption('cachedRoles.max', 'give a whole number of at least 2');
  const kept = createTwoGenerations<{ readonly roles: readonly R[]; readonly until: number }>(max);
  return (principal) => {
    const key = JSON.stringify([principal.kind, principal.tenant ?? null, principal.id]);
    const now = clock();
    const hit = kept.get(key);
    if (hit !== undefined && now < hit.until) return hit.roles;
    return andThen(read(principal), (roles) => {
      // Counted from before the read: what was read may be that old. What is no list is the guard's to refuse, each time.
      if (Array.isArray(roles as unknown)) kept.set(key, { roles, until: now + ttl });
      return roles;
    });
  };
}
