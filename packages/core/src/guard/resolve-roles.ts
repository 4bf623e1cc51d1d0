import { invalidOption } from '../errors/core-errors.js';
import type { Clock } from '../runtime/environment.js';
import { type MaybePromise, andThen } from '../runtime/maybe-promise.js';
import type { Principal } from './principal.js';

type Roles = readonly string[];
const noRoles: Roles = /* @__PURE__ */ Object.freeze([]);

/** Asks the application for a principal's roles; with `cache`, at most once in `ttl` milliseconds for each principal. */
export function createRoleResolver<P extends Principal>(
  read: ((principal: P) => MaybePromise<Roles>) | undefined,
  options: { readonly cache: { readonly ttl: number; readonly max?: number } | undefined; readonly clock: Clock },
): (principal: P) => MaybePromise<Roles> {
  const { cache, clock } = options;
  if (read === undefined) return () => noRoles;
  const checked = (roles: Roles): Roles => {
    // A forgotten return would otherwise read as "no roles" and hide the mistake.
    if (!Array.isArray(roles as unknown)) throw new TypeError('createGuard: roles must return an array of role names.');
    return roles;
  };
  if (cache === undefined) return (principal) => andThen(read(principal), checked);

  const { ttl, max = 10_000 } = cache;
  if (!(Number.isFinite(ttl) && ttl > 0))
    throw invalidOption('rolesCache.ttl', 'give milliseconds above 0, or leave rolesCache out');
  if (!(Number.isSafeInteger(max) && max >= 2))
    throw invalidOption('rolesCache.max', 'give a whole number of at least 2');
  // Two generations: a full young map becomes the old one, so that memory is bounded and a hit is one or two gets.
  let young = new Map<string, { readonly roles: Roles; readonly until: number }>();
  let old = young;
  return (principal) => {
    const key = JSON.stringify([principal.kind, principal.tenant ?? null, principal.id]);
    const now = clock();
    const hit = young.get(key) ?? old.get(key);
    if (hit !== undefined && now < hit.until) return hit.roles;
    return andThen(read(principal), (roles) => {
      if (young.size >= max / 2) {
        old = young;
        young = new Map();
      }
      // Counted from before the read: what was read may be that old.
      young.set(key, { roles: checked(roles), until: now + ttl });
      return roles;
    });
  };
}
