import { invalidOption } from '../errors/core-errors.js';
import { type Bit, bitAt, emptyMask, type Mask, union, withBit } from './bit-mask.js';
import { expandWildcard, isWildcard } from './wildcard.js';

/** A policy's names, each with its place in the masks, and what each role and scope comes to. */
export interface CompiledVocabulary {
  readonly permissions: ReadonlyMap<string, Bit>;
  /** Holding a role means these permissions and these roles, itself among them. */
  readonly roles: ReadonlyMap<string, Bit & { readonly mask: Mask }>;
  /** Every foreign name and every permission's own name, with the permissions it lets through. */
  readonly scopes: ReadonlyMap<string, Mask>;
  readonly nothing: Mask;
}

type Lists = Readonly<Record<string, readonly string[]>>;

// RFC 6749 section 3.3: what a scope may consist of, and so what may stand in a challenge unescaped.
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** A configured name as a message shows it. */
export function quote(name: unknown): string {
  return typeof name === 'string' ? JSON.stringify(name) : `a value of type ${typeof name}`;
}

/** A copy of a list of names. */
export function listed(option: string, list: unknown): readonly string[] {
  if (!Array.isArray(list)) throw invalidOption(option, 'give an array of names');
  return [...(list as readonly string[])];
}

/**
 * Compiles names, roles and scopes, so that a check at run time is a lookup and a bit test.
 *
 * @throws {CoreError} `invalid_option` for duplicates, names nobody declared, wildcards that match nothing, cycles of
 * roles, and a role that has a permission's name.
 */
export function compileVocabulary(names: readonly string[], roles: Lists, scopes: Lists): CompiledVocabulary {
  const permissions = new Map<string, Bit>();
  for (const name of listed('permissions', names)) {
    if (typeof name !== 'string' || !scopeToken.test(name) || isWildcard(name))
      throw invalidOption('permissions', `${quote(name)} must be printable ASCII without space, ", \\ and *`);
    if (permissions.has(name)) throw invalidOption('permissions', `"${name}" stands twice; take one out`);
    permissions.set(name, bitAt(permissions.size));
  }
  if (permissions.size === 0) throw invalidOption('permissions', 'name at least one');

  const places = new Map(Object.keys(roles).map((name, at) => [name, bitAt(permissions.size + at)]));
  const nothing = emptyMask(permissions.size + places.size);
  for (const name of places.keys()) {
    if (name === '' || isWildcard(name)) throw invalidOption('roles', `${quote(name)} cannot name a role; rename it`);
    if (permissions.has(name)) throw invalidOption(`roles.${name}`, 'a permission has this name; rename the role');
  }

  /** What a permission or a wildcard in a list stands for. */
  function expand(option: string, member: string, kind: string): Mask {
    const exact = permissions.get(member);
    if (exact !== undefined) return withBit(nothing, exact);
    const wild = typeof member === 'string' && isWildcard(member);
    const matched = wild ? expandWildcard(member, permissions.keys()) : [];
    if (matched.length === 0) {
      const why = wild ? 'matches no permission; write "*" or "prefix:*"' : `is no ${kind}; add it or mend the name`;
      throw invalidOption(option, `${quote(member)} ${why}`);
    }
    return matched.reduce<Mask>((mask, name) => union(mask, expand(option, name, kind)), nothing);
  }

  const compiledRoles = new Map<string, Bit & { readonly mask: Mask }>();
  function compileRole(name: string, place: Bit, path: readonly string[]): Mask {
    const done = compiledRoles.get(name);
    if (done !== undefined) return done.mask;
    const option = `roles.${name}`;
    const route = [...path, name];
    if (path.includes(name))
      throw invalidOption(option, `it includes itself (${route.join(' > ')}); take one of these steps out`);
    let mask = withBit(nothing, place);
    for (const member of listed(option, roles[name])) {
      const role = places.get(member);
      mask = union(mask, role ? compileRole(member, role, route) : expand(option, member, 'permission or role'));
    }
    compiledRoles.set(name, { ...place, mask });
    return mask;
  }
  for (const [name, place] of places) compileRole(name, place, []);

  const compiledScopes = new Map<string, Mask>();
  // Foreign names first: of two scopes as wide, an issuer is asked for the one that was written for it.
  for (const [name, list] of Object.entries(scopes)) {
    const option = `scopes.${name}`;
    if (!scopeToken.test(name)) throw invalidOption(option, 'a scope is printable ASCII without space, " and \\');
    const masks = listed(option, list).map((member) => expand(option, member, 'permission'));
    compiledScopes.set(name, masks.reduce<Mask>(union, nothing));
  }
  for (const [name, place] of permissions)
    compiledScopes.set(name, withBit(compiledScopes.get(name) ?? nothing, place));
  return { permissions, roles: compiledRoles, scopes: compiledScopes, nothing };
}
