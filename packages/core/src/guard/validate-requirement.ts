import { invalidOption } from '../errors/core-errors.js';
import type { Policy } from '../policy/policy.js';
import { permissionsOf } from './check-permission.js';
import type { Requirement } from './requirement.js';

interface Context {
  readonly policy: Policy;
  readonly schemes: ReadonlySet<string>;
  readonly hasLoader: boolean;
}

function isExpression(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'string';
  const { anyOf, allOf } = value as { readonly anyOf?: unknown; readonly allOf?: unknown };
  const parts = anyOf ?? allOf;
  return Array.isArray(parts) && parts.every(isExpression);
}

/**
 * Start-up check of what a route asks: the types say most of it, this says it to JavaScript too.
 *
 * @throws {CoreError} `invalid_option` naming what is wrong.
 */
export function validateRequirement(requirement: Requirement, { policy, schemes, hasLoader }: Context): void {
  const { kind } = requirement;
  if (kind === 'open') return;
  if (kind !== 'optional' && kind !== 'authenticated' && kind !== 'permission')
    throw invalidOption('kind', 'use open, optional, authenticated or permission');
  if (requirement.schemes !== undefined && !Array.isArray(requirement.schemes as unknown))
    throw invalidOption('schemes', "give an array, as in ['session']");
  for (const scheme of requirement.schemes ?? []) {
    if (!schemes.has(scheme))
      throw invalidOption('schemes', `"${scheme}" is none of the guard's: ${[...schemes].join(', ')}`);
  }
  const { maxAge } = requirement;
  if (maxAge !== undefined && !(Number.isFinite(maxAge) && maxAge >= 0))
    throw invalidOption('maxAge', 'give seconds of 0 or more');
  if (requirement.kind !== 'permission') return;
  const { permission } = requirement;
  if (!isExpression(permission))
    throw invalidOption('permission', 'give one permission, anyOf(...) or allOf(...); an array says neither');
  const names = permissionsOf(permission);
  if (names.length === 0) throw invalidOption('permission', 'an empty anyOf or allOf asks nothing; name a permission');
  for (const name of names) {
    if (!policy.permissions.has(name)) {
      const mend = name.includes('*')
        ? 'wildcards belong in roles and scopes; name one permission'
        : 'it is not in the policy; add it or mend the name';
      throw invalidOption('permission', `"${name}": ${mend}`);
    }
    if (!policy.hasRule(name)) continue;
    if (typeof permission !== 'string')
      throw invalidOption('permission', `"${name}" has a rule; ask auth.can in the handler instead of composing it`);
    if (!hasLoader)
      throw invalidOption('permission', `"${name}" has a rule; give a loader for its resource as the second argument`);
  }
}
