import type { BoundPolicy, Policy, Verdict } from '../policy/policy.js';
import { type Denial, deny } from './denial.js';
import type { PermissionExpression } from './requirement.js';

/** What an expression came to: the verdict, and the permission that decided it. */
export interface ExpressionVerdict {
  readonly verdict: Verdict;
  readonly permission: string;
}

/** Evaluates an expression with `ask`; stops at the first that settles it. */
function evaluate(expression: PermissionExpression, ask: (permission: string) => Verdict): ExpressionVerdict {
  if (typeof expression === 'string') return { verdict: ask(expression), permission: expression };
  const any = 'anyOf' in expression;
  let last: ExpressionVerdict | undefined;
  for (const part of any ? expression.anyOf : expression.allOf) {
    const found = evaluate(part, ask);
    if (any === (found.verdict === 'granted')) return found;
    // Of several refusals the one that a wider scope would lift is the one worth telling.
    if (last === undefined || found.verdict === 'scope') last = found;
  }
  // An empty composition is refused at start-up; were it asked all the same, it grants nothing.
  return last ?? { verdict: 'unknown_permission', permission: '' };
}

/** Every permission that an expression names. */
export function permissionsOf(expression: PermissionExpression): readonly string[] {
  if (typeof expression === 'string') return [expression];
  return ('anyOf' in expression ? expression.anyOf : expression.allOf).flatMap(permissionsOf);
}

/** The denial for a verdict. Says which kind of check failed, never what a rule looked at. */
export function permissionDenial(policy: Policy, { verdict, permission }: ExpressionVerdict, conceal: boolean): Denial {
  if (verdict === 'scope') {
    // The narrowest of the scopes that would do: the others would ask for more than is needed.
    const scope = policy.scopesFor(permission)[0];
    return deny('insufficient_scope', {
      detail: `The credential's scopes do not allow ${permission}.`,
      challenge: { error: 'insufficient_scope', ...(scope !== undefined && { scope }) },
    });
  }
  if (conceal && (verdict === 'rule' || verdict === 'tenant')) return deny('not_found');
  return deny('permission_denied', permission === '' ? {} : { detail: `${permission} is denied.` });
}

/** Scope and role first, so that nothing is loaded for a caller who may not have it anyway. */
export function beforeLoading(bound: BoundPolicy, expression: PermissionExpression): ExpressionVerdict {
  return evaluate(expression, bound.before);
}

/** Everything, with the resource. */
export function withResource(
  bound: BoundPolicy,
  expression: PermissionExpression,
  resource: unknown,
): ExpressionVerdict {
  return evaluate(expression, (permission) => bound.decide(permission, resource));
}
