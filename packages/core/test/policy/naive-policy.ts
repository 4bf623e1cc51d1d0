/** A policy as data, for generated tests. */
export interface Model {
  readonly permissions: readonly string[];
  readonly roles: Readonly<Record<string, readonly string[]>>;
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  /** Permissions with a rule: the owner alone. */
  readonly ruled: readonly string[];
  readonly shared: readonly string[];
}

export interface Caller {
  readonly id: string;
  readonly tenant: string | undefined;
  readonly roles: readonly string[];
  readonly scopes: readonly string[] | undefined;
}

export interface Thing {
  readonly owner: string;
  readonly tenant: string | undefined;
}

/** The rules of the game said as plainly as possible: no masks, no memo, lists searched from end to end. */
export function naive({ permissions, roles, scopes, ruled, shared }: Model) {
  const matches = (entry: string, permission: string): boolean =>
    entry === permission || entry === '*' || (entry.endsWith(':*') && permission.startsWith(entry.slice(0, -1)));
  const own = <T>(of: Readonly<Record<string, T>>, name: string): T | undefined =>
    Object.entries(of).find(([key]) => key === name)?.[1];
  const grants = (role: string, permission: string): boolean =>
    (own(roles, role) ?? []).some((entry) => matches(entry, permission) || grants(entry, permission));
  const letsThrough = (scope: string, permission: string): boolean =>
    scope === permission || (own(scopes, scope) ?? []).some((entry) => matches(entry, permission));
  const holds = (held: string, role: string): boolean =>
    own(roles, held) !== undefined && (held === role || (own(roles, held) ?? []).some((entry) => holds(entry, role)));

  return {
    hasRole: (caller: Caller, role: string): boolean => caller.roles.some((held) => holds(held, role)),
    can(caller: Caller, permission: string, thing: Thing | undefined): boolean {
      if (!permissions.includes(permission)) return false;
      if (!caller.roles.some((role) => grants(role, permission))) return false;
      if (caller.scopes !== undefined && !caller.scopes.some((scope) => letsThrough(scope, permission))) return false;
      if (thing === undefined) return !ruled.includes(permission);
      if (thing.tenant === undefined) {
        if (caller.tenant !== undefined && !shared.includes(permission)) return false;
      } else if (thing.tenant !== caller.tenant) return false;
      return !ruled.includes(permission) || thing.owner === caller.id;
    },
  };
}
