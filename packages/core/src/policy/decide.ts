import { has } from './bit-mask.js';
import { detailsRefusal, type Question, type Refusal, ruleRefusal, tenantRefusal } from './check-resource.js';
import type { Caller, CompiledPermission, CompiledPolicy } from './compiled-policy.js';
import type { ExplanationStep, Verdict } from './policy.js';

/** Where an explanation is written; a decision that nobody asks to explain passes none. */
export type Trace = ExplanationStep[] | undefined;

/** Notes a step that passed unless there is a refusal. */
function note(trace: Trace, check: ExplanationStep['check'], refusal: Refusal, by?: string): void {
  if (trace === undefined) return;
  const reason = refusal ?? by;
  trace.push({ check, passed: refusal === undefined, ...(reason !== undefined && { by: reason }) });
}

/** What needs no resource: the ceiling, whether any detail can be read, and what is held. */
export function entitlement(
  policy: CompiledPolicy,
  caller: Caller,
  permission: CompiledPermission,
  trace?: Trace,
): Verdict {
  const inScope = caller.ceiling === undefined || has(caller.ceiling, permission);
  if (trace !== undefined) {
    const { scopes } = caller.auth.credential;
    const by = inScope && scopes?.find((name) => has(policy.vocabulary.scopes.get(name) ?? [], permission));
    note(trace, 'scope', inScope ? undefined : 'no scope of the credential', by || 'no ceiling');
  }
  if (!inScope) return 'scope';
  if (caller.details?.length === 0) {
    note(trace, 'details', 'no authorization detail has a reader');
    return 'details';
  }
  const held = has(caller.grant.mask, permission);
  if (trace !== undefined) {
    const by = caller.auth.roles.find((name) => has(policy.vocabulary.roles.get(name)?.mask ?? [], permission));
    note(trace, 'role', held ? undefined : 'no role that is held now', by);
  }
  return held ? 'granted' : 'role';
}

/** What looks at the resource: its tenant first, then details and rule. */
function onResource(question: Question, trace?: Trace): Verdict {
  const { caller, permission, resource } = question;
  // null is a resource that was looked for and not found.
  if (resource === null || (resource === undefined && permission.rule !== undefined)) {
    note(trace, permission.rule === undefined ? 'tenant' : 'rule', 'no resource was given');
    return 'resource_missing';
  }
  if (resource !== undefined) {
    const refusal = tenantRefusal(question);
    note(trace, 'tenant', refusal);
    if (refusal !== undefined) return 'tenant';
  }
  if (caller.details !== undefined) {
    const refusal = detailsRefusal(question);
    note(trace, 'details', refusal);
    if (refusal !== undefined) return 'details';
  }
  if (permission.rule === undefined) return 'granted';
  const refusal = ruleRefusal(question);
  note(trace, 'rule', refusal);
  return refusal === undefined ? 'granted' : 'rule';
}

/** All checks in order. A caller who may not at all learns nothing from whose resource it is. */
export function decide(
  policy: CompiledPolicy,
  caller: Caller,
  name: string,
  resource: unknown,
  trace?: Trace,
): Verdict {
  const permission = policy.permissions.get(name);
  note(trace, 'vocabulary', permission === undefined ? 'not a permission' : undefined);
  if (permission === undefined) return 'unknown_permission';
  const verdict = entitlement(policy, caller, permission, trace);
  return verdict === 'granted' ? onResource({ policy, caller, permission, resource }, trace) : verdict;
}
