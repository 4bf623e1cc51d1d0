import { invalidOption } from '../errors/core-errors.js';
import type { Known, Vocabulary } from '../policy/policy.js';
import type { MaybePromise } from '../runtime/maybe-promise.js';
import type { PermissionExpression, PermissionOptions, Requirement } from './requirement.js';

/** Finds the resource of a request. `undefined` and `null` are a 404, a throw or rejection a 503. @beta */
export type Loader<Source, R> = (source: Source) => MaybePromise<R | null | undefined>;

/** Permissions without a rule: the only ones that `anyOf` and `allOf` compose. @beta */
export type Unruled<V extends Vocabulary> = Exclude<V['permission'], keyof V['resources']>;

/** What `require` may be asked for: a permission of the vocabulary, or a composition of permissions without a rule. @beta */
export type Asked<V extends Vocabulary, K extends string> =
  | Known<V, K>
  | { readonly anyOf: readonly PermissionExpression<Unruled<V>>[] }
  | { readonly allOf: readonly PermissionExpression<Unruled<V>>[] };

/** The resource that a permission's rule needs; anything for one without a rule. @beta */
export type ResourceOf<V extends Vocabulary, K extends string> = K extends keyof V['resources']
  ? V['resources'][K]
  : unknown;

/** What follows the permission: with a rule its loader and options, without one either or both. @beta */
export type RequireArguments<V extends Vocabulary, K extends string, Source, R> = K extends keyof V['resources']
  ? [load: Loader<Source, R>, options?: PermissionOptions]
  : [options?: PermissionOptions] | [load: Loader<Source, R>, options?: PermissionOptions];

/** A requirement with what loads its resource. @beta */
export interface LoadedRequirement<Source> {
  readonly requirement: Requirement;
  readonly load: Loader<Source, unknown> | undefined;
}

/**
 * Sorts out the arguments of an adapter's `require`.
 * @throws {CoreError} `invalid_option` for arguments of another kind, which only JavaScript can pass.
 * @beta
 */
export function readRequireArguments<Source>(
  permission: PermissionExpression,
  rest: readonly unknown[],
): LoadedRequirement<Source> {
  const hasLoader = typeof rest[0] === 'function';
  const options = hasLoader ? rest[1] : rest[0];
  if (rest.length > (hasLoader ? 2 : 1) || (options !== undefined && (typeof options !== 'object' || options === null)))
    throw invalidOption('require', 'give a permission, then a loader where there is a resource, then options');
  return {
    requirement: {
      ...(options as PermissionOptions | undefined),
      kind: 'permission',
      permission,
      ...(hasLoader && { loads: true }),
    },
    load: hasLoader ? (rest[0] as Loader<Source, unknown>) : undefined,
  };
}

/**
 * The value of a path parameter, for `byParam`.
 * @throws {TypeError} when the route has no such parameter: a mistake that a 404 would hide.
 * @beta
 */
export function pathParameter(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new TypeError(`byParam: this route's path has no parameter "${name}".`);
  return value;
}
