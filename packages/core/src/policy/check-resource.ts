import { type Caller, type CompiledPermission, type CompiledPolicy, report, reportAnswer } from './compiled-policy.js';

/** Why a check refuses, in words that name no value; `undefined` when it does not. */
export type Refusal = string | undefined;

/** What is asked of whom. */
export interface Question {
  readonly policy: CompiledPolicy;
  readonly caller: Caller;
  readonly permission: CompiledPermission;
  readonly resource: unknown;
}

/** Judges what the application's code answered: only `true` allows. */
function refusalOf({ policy, permission }: Question, what: string, answer: unknown): Refusal {
  if (answer === true) return undefined;
  if (answer === false) return `${what} said no`;
  reportAnswer(policy, permission, { what, answer });
  return `${what} gave no boolean`;
}

/** The application's code threw: a refusal. */
function thrown({ policy, permission }: Question, what: string, error: unknown): string {
  report(policy, error, permission);
  return `${what} threw`;
}

/** Tenant isolation (ASVS 8.4.1), before anything else looks at the resource. Whoever has a tenant never leaves it. */
export function tenantRefusal(question: Question): Refusal {
  const { policy, caller, permission, resource } = question;
  const own: unknown = caller.auth.principal.tenant ?? undefined;
  let its: unknown;
  try {
    its = policy.tenantOf?.(resource as Readonly<Record<string, unknown>>) ?? undefined;
  } catch (error) {
    return thrown(question, 'tenantOf', error);
  }
  if (its !== undefined && (typeof its !== 'string' || its === '')) {
    reportAnswer(policy, permission, { what: 'tenantOf', answer: its });
    return 'tenantOf gave no name';
  }
  // Also where neither has one: then there is nothing to keep apart.
  if (its === own) return undefined;
  if (own === undefined) return policy.crossing.some(caller.auth.hasRole) ? undefined : 'the principal has no tenant';
  if (its === undefined) return permission.shared ? undefined : 'the resource has no tenant';
  return 'the resource is of another tenant';
}

/** RFC 9396: each detail is a grant of its own, so one that allows is enough. */
export function detailsRefusal(question: Question): Refusal {
  const { policy, caller, permission, resource } = question;
  const what = 'the detail reader';
  let refusal: Refusal = 'no authorization detail has a reader';
  for (const detail of caller.details ?? []) {
    try {
      const context = { permission: permission.name, resource, auth: caller.auth };
      refusal = refusalOf(question, what, policy.details.get(detail.type)?.(detail, context));
      if (refusal === undefined) return undefined;
    } catch (error) {
      refusal = thrown(question, what, error);
    }
  }
  return refusal;
}

/** The permission's own rule. */
export function ruleRefusal(question: Question): Refusal {
  const { caller, permission, resource } = question;
  try {
    return refusalOf(question, 'the rule', permission.rule?.({ auth: caller.auth, resource }));
  } catch (error) {
    return thrown(question, 'the rule', error);
  }
}

/** The fields the permission covers; none where its list is missing, throws or is no list. */
export function fieldsOf(question: Question): readonly string[] {
  const { policy, caller, permission, resource } = question;
  const { fields } = permission;
  if (typeof fields !== 'function') return fields ?? [];
  try {
    const answer: unknown = fields({ auth: caller.auth, resource });
    if (Array.isArray(answer)) return answer as readonly string[];
    reportAnswer(policy, permission, { what: 'the field list', answer });
  } catch (error) {
    thrown(question, 'the field list', error);
  }
  return [];
}
