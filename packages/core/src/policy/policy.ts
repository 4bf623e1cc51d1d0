import type { Actor, Credential, Principal } from '../guard/principal.js';

/** A policy's words, as one type: what may be asked, by whom, of what. */
export interface Vocabulary {
  readonly permission: string;
  readonly role: string;
  /** Permissions with a rule, each with the resource its rule needs. */
  readonly resources: object;
  /** Permissions with a field list. */
  readonly fields: object;
  /** What the rules read from the principal. */
  readonly principal: Principal;
}

/** Whoever is asked about: facts of one request. */
export interface Subject<P extends Principal = Principal> {
  readonly principal: P;
  readonly credential: Credential;
  readonly actor?: Actor | undefined;
  /** What the principal holds now. Unknown names grant nothing. */
  readonly roles: readonly string[];
}

/**
 * What decided.
 * - `granted`
 * - `unknown_permission`: outside the vocabulary
 * - `scope`: the credential's ceiling
 * - `details`: the credential's authorization_details
 * - `role`: nothing the principal holds now grants it
 * - `resource_missing`: a rule, or the tenant check, had no resource to look at
 * - `tenant`: another tenant's resource, or one that names none
 * - `rule`: the permission's rule said no, threw, or answered something else than a boolean
 * - `fields`: the input has a field that the permission's list does not hold
 */
export type Verdict =
  | 'granted'
  | 'unknown_permission'
  | 'scope'
  | 'details'
  | 'role'
  | 'resource_missing'
  | 'tenant'
  | 'rule'
  | 'fields';

/** A permission's resource argument: needed where it has a rule, optional (for the tenant check) where it has none. */
export type ResourceArguments<V extends Vocabulary, K extends string> = K extends keyof V['resources']
  ? [resource: V['resources'][K]]
  : [resource?: unknown];

/** Puts the compiler's error on a misspelt permission itself. */
export type Known<V extends Vocabulary, K extends string> = K extends V['permission'] ? K : V['permission'];

/** A step of an explanation. Names of the policy only: no values of the resource or the principal. */
export interface ExplanationStep {
  readonly check: 'vocabulary' | 'scope' | 'details' | 'role' | 'tenant' | 'rule';
  readonly passed: boolean;
  /** Which scope or role decided, or why it failed. */
  readonly by?: string;
}

/** Why a permission is granted or not, for logs and tests. */
export interface Explanation {
  readonly permission: string;
  readonly verdict: Verdict;
  readonly steps: readonly ExplanationStep[];
}

/** The policy as it stands for one caller. Every method is synchronous and works when taken off the object. */
export interface Authorization<V extends Vocabulary = Vocabulary> {
  readonly roles: readonly V['role'][];
  /** Whether the principal holds the role now, itself or through a role that includes it. Says nothing of scopes. */
  hasRole(this: void, role: V['role']): boolean;
  /** Whether scope, role, tenant and rule all allow it. */
  can<const K extends string>(this: void, permission: Known<V, K>, ...resource: ResourceArguments<V, K>): boolean;
  /** @throws {PermissionDenied} when `can` would be false. */
  demand<const K extends string>(this: void, permission: Known<V, K>, ...resource: ResourceArguments<V, K>): void;
  explain<const K extends string>(
    this: void,
    permission: Known<V, K>,
    ...resource: ResourceArguments<V, K>
  ): Explanation;
  /** A shallow copy with the fields that may be read (ASVS 8.2.3); empty when the permission itself is denied. */
  pick<const K extends keyof V['fields'] & string, R extends object>(
    this: void,
    permission: K,
    resource: R,
  ): Partial<R>;
  /** @throws {PermissionDenied} when `input` has a field that may not be written, or the permission itself is denied. */
  refuseExtra<const K extends keyof V['fields'] & string>(
    this: void,
    permission: K,
    input: object,
    ...resource: ResourceArguments<V, K>
  ): void;
}

/** `Authorization`, and the staged verdicts that the guard asks for. */
export interface BoundPolicy<V extends Vocabulary = Vocabulary> {
  readonly authorization: Authorization<V>;
  /** Vocabulary, scope, details (where they need no resource) and role: what is checked before a resource is loaded. */
  before(this: void, permission: string): Verdict;
  /** All of it. `resource` `undefined` counts as not given. */
  decide(this: void, permission: string, resource: unknown): Verdict;
}

/** A compiled policy: answers for any caller, keeps nothing of one. */
export interface Policy<V extends Vocabulary = Vocabulary> {
  readonly permissions: ReadonlySet<V['permission']>;
  readonly roles: ReadonlySet<V['role']>;
  /** Whether the permission has a rule, so that a route must load its resource. */
  hasRule(permission: string): boolean;
  /** Scope names that would lift the ceiling for a permission, narrowest first: what a 403 insufficient_scope names. */
  scopesFor(permission: string): readonly string[];
  bind<P extends Principal>(subject: Subject<P>): BoundPolicy<V>;
  /** Type-level only; never set. */
  readonly vocabulary?: V;
}
