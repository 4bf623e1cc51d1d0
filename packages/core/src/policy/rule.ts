import type { Actor, AuthorizationDetail, Credential, Principal } from '../guard/principal.js';

/** Who is asking, as rules see it. */
export interface RuleAuth<P extends Principal = Principal, R extends string = string> {
  readonly principal: P;
  readonly credential: Credential;
  readonly actor: Actor | undefined;
  readonly roles: readonly R[];
  /** Whether the principal holds the role now, itself or through a role that includes it. */
  hasRole(this: void, role: R): boolean;
}

/** What a rule looks at. */
export interface RuleContext<Resource = unknown, P extends Principal = Principal, R extends string = string> {
  readonly auth: RuleAuth<P, R>;
  readonly resource: Resource;
}

/**
 * Decides about one resource, synchronously. Only `true` allows: a throw, a promise and any other value deny.
 * It narrows what roles and scopes grant and never widens it.
 */
export type Rule<Resource = never, P extends Principal = never> = (context: RuleContext<Resource, P>) => boolean;

/**
 * Types a rule: `rule<Post>(...)` needs a `Post`; `rule<Post, UserPrincipal>(...)` also reads of the principal what
 * only `UserPrincipal` has, and `createGuard` refuses authenticators that do not supply it.
 */
export type RuleBuilder<R extends string = string> = <Resource = unknown, P extends Principal = Principal>(
  decide: (context: RuleContext<Resource, P, R>) => boolean,
) => Rule<NoInfer<Resource>, NoInfer<P>>;

/** A policy's rules by permission. */
export type RuleSet = Readonly<Record<string, Rule>>;

/** What a handler of authorization details is told beside the detail. */
export interface DetailContext<P extends string = string, R extends string = string> {
  readonly permission: P;
  /** `undefined` where the permission is asked without one. */
  readonly resource: unknown;
  readonly auth: RuleAuth<Principal, R>;
}

/** Whether one authorization detail (RFC 9396) allows what is asked. Synchronous; only `true` allows. */
export type DetailHandler<P extends string = string, R extends string = string> = (
  detail: AuthorizationDetail,
  context: DetailContext<P, R>,
) => boolean;

/** The fields a permission covers: the same for all, or by who asks and for what. */
export type FieldList<R extends string = string> =
  | readonly string[]
  | ((context: RuleContext<unknown, Principal, R>) => readonly string[]);
