import type { Principal } from '../guard/principal.js';
import type { Vocabulary } from './policy.js';
import type { DetailHandler, FieldList, Rule, RuleBuilder, RuleSet } from './rule.js';
import type { Wildcard } from './wildcard.js';

/** Puts the compiler's error on a key that is not a permission. */
export type Strangers<Keyed, P extends string> = {
  readonly [K in Exclude<keyof Keyed & string, P>]: 'this key is not one of the permissions';
};

/**
 * Requires `rules` where one of its keys is not a permission. It is there, so nothing changes but the place of the
 * error: the compiler looks inside a function's result only where the property is not optional.
 */
export type PointAtStrangers<Rules, R extends string, P extends string> = [Exclude<keyof Rules & string, P>] extends [
  never,
]
  ? unknown
  : { readonly rules: (rule: RuleBuilder<R>) => Strangers<Rules, P> };

/** The resource that each rule needs. */
export type ResourcesOf<Rules> = {
  readonly [K in keyof Rules]: Rules[K] extends Rule<infer Resource, infer _> ? Resource : never;
};

/** What all the rules together read from the principal. */
export type ReadPrincipal<Rules> = [keyof Rules] extends [never]
  ? Principal
  : {
        [K in keyof Rules]: Rules[K] extends Rule<infer _, infer P> ? (principal: P) => void : never;
      }[keyof Rules] extends (principal: infer P) => void
    ? P & Principal
    : never;

/** The vocabulary that `createPolicy` infers. */
export interface PolicyVocabulary<P extends string, R extends string, Rules, Listed extends string> extends Vocabulary {
  readonly permission: P;
  readonly role: R;
  readonly resources: ResourcesOf<Rules>;
  readonly fields: { readonly [K in Listed]: string };
  readonly principal: ReadPrincipal<Rules>;
}

/** What `createPolicy` takes. */
export interface PolicyOptions<P extends string, R extends string, Rules extends RuleSet, Listed extends NoInfer<P>> {
  /**
   * Everything that can be asked, `resource:action` by custom. At least one, no two the same; characters are those of
   * an OAuth scope (RFC 6749 section 3.3) without `*`, because a permission's name is a scope too.
   */
  readonly permissions: readonly P[];
  /** What each role grants: permissions, wildcards (`posts:*`, `*`) and other roles. A wildcard grants no role. */
  readonly roles?: { readonly [K in R]: readonly NoInfer<P | R | Wildcard<P>>[] };
  /**
   * Scope names of others, each with the permissions it lets through. Permission names are scopes without being
   * listed; listed, they let through more. A scope that is neither grants nothing, a wildcard inside a credential too.
   */
  readonly scopes?: Readonly<Record<string, readonly NoInfer<P | Wildcard<P>>[]>>;
  /** A rule for each permission that depends on the resource. Such a permission is denied without one. */
  readonly rules?: (rule: RuleBuilder<NoInfer<R>>) => Rules & Strangers<Rules, NoInfer<P>>;
  /**
   * The tenant a resource belongs to: a non-empty string, `undefined` or `null` for none; anything else denies, as
   * does a throw. Without it no resource names a tenant, and a principal that has one is denied every resource whose
   * permission is not `shared`.
   */
  readonly tenantOf?: (resource: Readonly<Record<string, unknown>>) => unknown;
  /** Permissions that a principal with a tenant has on resources of no tenant. Default none. */
  readonly shared?: readonly NoInfer<P>[];
  /**
   * Roles in which a principal *without* a tenant reaches every tenant's resources: platform operators. Default none.
   * Whoever has a tenant never leaves it. A principal whose tenant got lost on the way crosses too if it holds one.
   */
  readonly dangerouslyAllowAcrossTenants?: readonly NoInfer<R>[];
  /**
   * Readers of authorization details (RFC 9396) by type. A credential that carries details is allowed what at least
   * one of them allows, on top of everything else; details of a type without a reader allow nothing.
   */
  readonly details?: Readonly<Record<string, DetailHandler<NoInfer<P>, NoInfer<R>>>>;
  /** The fields that a permission covers, for `pick` and `refuseExtra`. A permission without a list covers none. */
  readonly fields?: { readonly [K in Listed]: FieldList<NoInfer<R>> };
  /**
   * Gets what a rule, `tenantOf`, a detail reader or a field list threw; the check it broke denies. It may hold
   * anything, so it goes to the developer's log only. Default: `console.error`.
   */
  readonly onError?: (error: unknown, permission: NoInfer<P>) => void;
}
