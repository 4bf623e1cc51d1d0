import type { PermissionExpression, Requirement } from '../guard/requirement.js';
import type { Json } from './json.js';
import { acceptedSchemes, type SecurityScheme } from './security-schemes.js';

/** A name in `components.securitySchemes`, with the scopes that are needed of it. */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>;

/** Ways in which an expression is satisfied: one of these lists, all of it. */
function waysOf(expression: PermissionExpression): readonly (readonly string[])[] {
  if (typeof expression === 'string') return [[expression]];
  if ('anyOf' in expression) return expression.anyOf.flatMap(waysOf);
  return expression.allOf
    .map(waysOf)
    .reduce<readonly (readonly string[])[]>(
      (before, ways) => before.flatMap((some) => ways.map((more) => [...some, ...more])),
      [[]],
    );
}

/** A requirement as an operation's `security`: any one of the list is enough, `{}` is nobody, and an empty list asks nothing. */
export function securityOf(
  requirement: Requirement,
  schemes: readonly SecurityScheme[],
  scopeOf: (permission: string) => string | undefined,
): readonly SecurityRequirement[] {
  if (requirement.kind === 'open') return [];
  const ways = requirement.kind === 'permission' ? waysOf(requirement.permission) : [[]];
  const scopes = ways.map((names) => [...new Set(names.flatMap((name) => scopeOf(name) ?? []))]);
  const accepted = acceptedSchemes(requirement, schemes).flatMap(({ name, hasScopes }) =>
    (hasScopes ? scopes : [[]]).map((list): SecurityRequirement => ({ [name]: list })),
  );
  return requirement.kind === 'optional' ? [{}, ...accepted] : accepted;
}

/** Whether two `security` lists say the same, in whatever order. */
export function isSameSecurity(written: unknown, derived: readonly SecurityRequirement[]): boolean {
  const said = (list: readonly Json[]): string =>
    JSON.stringify(
      list
        .map((one) =>
          Object.entries(one)
            .map(
              ([name, scopes]) => `${name} ${Array.isArray(scopes) ? [...(scopes as unknown[])].sort().join(' ') : ''}`,
            )
            .sort(),
        )
        .sort(),
    );
  return Array.isArray(written) && said(written as readonly Json[]) === said(derived);
}
