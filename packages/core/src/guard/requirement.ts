/** One permission, or a composition of permissions that have no rule. */
export type PermissionExpression<P extends string = string> =
  | P
  | { readonly anyOf: readonly PermissionExpression<P>[] }
  | { readonly allOf: readonly PermissionExpression<P>[] };

/** What every guarded route may ask beside its permission. */
export interface RequirementOptions {
  /** Seconds since the last sign-in; older, or unknown, is a 401 that asks for a new one (RFC 9470). */
  readonly maxAge?: number | undefined;
  /** Authentication context classes of which one is needed, best first. */
  readonly acr?: string | readonly string[] | undefined;
  /** Authenticator schemes this route takes. Default: all of the guard's. */
  readonly schemes?: readonly string[] | undefined;
}

export interface PermissionOptions extends RequirementOptions {
  /** A rule's denial answers 404, as if the resource did not exist. Default false. */
  readonly conceal?: boolean | undefined;
}

/** What a route asks of its caller, as a value. `open` asks nothing and looks at no credential. */
export type Requirement =
  | { readonly kind: 'open' }
  | ({ readonly kind: 'optional' } & RequirementOptions)
  | ({ readonly kind: 'authenticated' } & RequirementOptions)
  | ({
      readonly kind: 'permission';
      readonly permission: PermissionExpression;
      /** A loader finds its resource, so that 404 is one of its answers. */
      readonly loads?: boolean | undefined;
    } & PermissionOptions);

/** One of these is enough. The permissions must have no rule. */
export function anyOf<const P extends string>(
  ...permissions: readonly PermissionExpression<P>[]
): PermissionExpression<P> {
  return { anyOf: permissions };
}

/** All of these are needed. The permissions must have no rule. */
export function allOf<const P extends string>(
  ...permissions: readonly PermissionExpression<P>[]
): PermissionExpression<P> {
  return { allOf: permissions };
}
