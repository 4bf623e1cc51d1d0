import type { AuthorizationDetail } from '../guard/principal.js';
import { has, type Mask, union } from './bit-mask.js';
import { fieldsOf } from './check-resource.js';
import type { Caller, CompiledPolicy } from './compiled-policy.js';
import { decide, entitlement } from './decide.js';
import { PermissionDenied } from './permission-denied.js';
import type { Explanation, ExplanationStep, Subject, Verdict } from './policy.js';

/** A bound policy before its vocabulary is known to the compiler. */
export interface UntypedBoundPolicy {
  readonly authorization: {
    readonly roles: readonly string[];
    readonly hasRole: (role: string) => boolean;
    readonly can: (permission: string, resource?: unknown) => boolean;
    readonly demand: (permission: string, resource?: unknown) => void;
    readonly explain: (permission: string, resource?: unknown) => Explanation;
    readonly pick: (permission: string, resource: object) => object;
    readonly refuseExtra: (permission: string, input: object, resource?: unknown) => void;
  };
  readonly before: (permission: string) => Verdict;
  readonly decide: (permission: string, resource: unknown) => Verdict;
}

/** What scopes let through together. Unknown ones, and whatever is not a list, let nothing through. */
function ceilingOf({ vocabulary: { scopes, nothing } }: CompiledPolicy, given: unknown): Mask | undefined {
  if (given === undefined) return undefined;
  let ceiling = nothing;
  if (!Array.isArray(given)) return ceiling;
  for (const name of given as readonly string[]) {
    const mask = scopes.get(name);
    if (mask !== undefined) ceiling = ceiling === nothing ? mask : union(ceiling, mask);
  }
  return ceiling;
}

/** Those details somebody can read. What is not a list of details counts as details that nobody can read. */
function readable({ details }: CompiledPolicy, given: unknown): readonly AuthorizationDetail[] | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) return [];
  return (given as readonly (AuthorizationDetail | null | undefined)[]).filter(
    (detail): detail is AuthorizationDetail => details.has(detail?.type ?? ''),
  );
}

function describeCaller(policy: CompiledPolicy, { principal, credential, actor, roles: given }: Subject): Caller {
  const { roles } = policy.vocabulary;
  const held = Array.isArray(given) ? (given as readonly string[]).filter((name) => roles.has(name)) : [];
  const grant = policy.grantOf(held);
  const hasRole = (name: string): boolean => {
    const role = roles.get(name);
    return role !== undefined && has(grant.mask, role);
  };
  return {
    auth: { principal, credential, actor, roles: held, hasRole },
    grant,
    ceiling: ceilingOf(policy, credential.scopes),
    details: readable(policy, credential.authorizationDetails),
  };
}

// Only what is safe to repeat: the names come from whoever sent the input.
function nameForMessage(field: string | symbol): string {
  return typeof field === 'string' && /^\w{1,64}$/.test(field) ? `the field ${field}` : 'a field';
}

/** The policy for one caller. The methods are closures, so that they work when taken off the object. */
export function bindPolicy(policy: CompiledPolicy, subject: Subject): UntypedBoundPolicy {
  const caller = describeCaller(policy, subject);
  // Most questions are about a role alone: one lookup then says what all the checks would.
  const plain = caller.ceiling === undefined && caller.details === undefined ? caller.grant.plain : undefined;
  const verdictOf = (name: string, resource: unknown): Verdict => decide(policy, caller, name, resource);

  function can(name: string, resource?: unknown): boolean {
    return resource === undefined && plain !== undefined ? plain.has(name) : verdictOf(name, resource) === 'granted';
  }

  function before(name: string): Verdict {
    const permission = policy.permissions.get(name);
    return permission === undefined ? 'unknown_permission' : entitlement(policy, caller, permission);
  }

  function demand(name: string, resource?: unknown): void {
    const verdict = verdictOf(name, resource);
    if (verdict !== 'granted') throw new PermissionDenied(name, verdict);
  }

  function explain(name: string, resource?: unknown): Explanation {
    const steps: ExplanationStep[] = [];
    return { permission: name, verdict: decide(policy, caller, name, resource, steps), steps };
  }

  /** Asked only after the permission itself was granted. */
  function fields(name: string, resource: unknown): readonly string[] {
    const permission = policy.permissions.get(name);
    return permission === undefined ? [] : fieldsOf({ policy, caller, permission, resource });
  }

  function pick(name: string, resource: object): object {
    const copy: Record<string, unknown> = {};
    if (typeof resource !== 'object' || verdictOf(name, resource) !== 'granted') return copy;
    for (const field of fields(name, resource)) {
      // Assigning __proto__ would set the copy's prototype.
      if (field !== '__proto__' && Object.prototype.propertyIsEnumerable.call(resource, field))
        copy[field] = (resource as Record<string, unknown>)[field];
    }
    return copy;
  }

  function refuseExtra(name: string, input: object, resource?: unknown): void {
    demand(name, resource);
    if (typeof input !== 'object' || input === null)
      throw new PermissionDenied(name, 'fields', `${name} is denied: the input is no object.`);
    const allowed = fields(name, resource);
    for (const field of Reflect.ownKeys(input)) {
      if (field === '__proto__' || !(allowed as readonly (string | symbol)[]).includes(field))
        throw new PermissionDenied(name, 'fields', `${name} does not cover ${nameForMessage(field)}.`);
    }
  }

  return {
    authorization: {
      roles: caller.auth.roles,
      hasRole: caller.auth.hasRole,
      can,
      demand,
      explain,
      pick,
      refuseExtra,
    },
    before,
    decide: verdictOf,
  };
}
