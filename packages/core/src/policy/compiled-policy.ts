import type { AuthorizationDetail, Principal } from '../guard/principal.js';
import { isPromise, type MaybePromise } from '../runtime/maybe-promise.js';
import type { Bit, Mask } from './bit-mask.js';
import type { CompiledVocabulary } from './compile-vocabulary.js';
import type { Grant } from './role-grants.js';
import type { DetailHandler, FieldList, Rule, RuleAuth } from './rule.js';

/** A permission with everything that a check of it needs, so that a check is one lookup. */
export interface CompiledPermission extends Bit {
  readonly name: string;
  readonly rule: Rule<unknown, Principal> | undefined;
  readonly fields: FieldList | undefined;
  /** Granted on resources of no tenant to principals that have one. */
  readonly shared: boolean;
}

/** What `createPolicy` makes of its options; holds nothing of a caller. */
export interface CompiledPolicy {
  readonly vocabulary: CompiledVocabulary;
  readonly permissions: ReadonlyMap<string, CompiledPermission>;
  readonly grantOf: (held: readonly string[]) => Grant;
  readonly tenantOf: ((resource: Readonly<Record<string, unknown>>) => unknown) | undefined;
  /** Roles that cross tenants, for principals without one. */
  readonly crossing: readonly string[];
  readonly details: ReadonlyMap<string, DetailHandler>;
  readonly onError: (error: unknown, permission: string) => void;
}

/** One request's caller in the policy's terms. */
export interface Caller {
  readonly auth: RuleAuth;
  readonly grant: Grant;
  /** `undefined`: the credential has none. */
  readonly ceiling: Mask | undefined;
  /** Those of the credential's details that have a reader; `undefined`: it carries no details. */
  readonly details: readonly AuthorizationDetail[] | undefined;
}

/** Tells the developer's log what the application's code threw; a log that throws changes no verdict. */
export function report(policy: CompiledPolicy, error: unknown, { name }: CompiledPermission): void {
  try {
    policy.onError(error, name);
  } catch {
    // The refusal stands without it.
  }
}

/** Reports an answer of the wrong type. A promise among them must not reject unheard: that ends the process. */
export function reportAnswer(
  policy: CompiledPolicy,
  permission: CompiledPermission,
  { what, answer }: { readonly what: string; readonly answer: unknown },
): void {
  if (isPromise(answer as MaybePromise<unknown>)) Promise.resolve(answer).catch(() => {});
  report(
    policy,
    new TypeError(`${permission.name}: ${what} must answer at once, and with what its type says.`),
    permission,
  );
}
