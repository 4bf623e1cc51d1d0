/** Who is calling. `kind` tells the shapes apart; each authenticator declares its own. */
export interface Principal {
  readonly kind: string;
  /** Stable and unique within its kind. For a federated user a key made of (iss, sub), never the email address. */
  readonly id: string;
  /** The tenant the principal belongs to. With one, other tenants' resources are denied whatever the role. */
  readonly tenant?: string | undefined;
}

/** A rich authorization request's item (RFC 9396): `type` names the vocabulary of the rest. */
export interface AuthorizationDetail {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** How the principal proved it. Safe to log: nothing here lets anyone in. */
export interface Credential {
  /** The authenticator's scheme. */
  readonly scheme: string;
  /** Public id of the key, session or token. */
  readonly id: string;
  /** A ceiling, never a grant. `undefined`: this credential has none (a session); `[]`: it allows nothing. */
  readonly scopes?: readonly string[] | undefined;
  /** RFC 9396: when present they take part in every decision. */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined;
  /** Absolute milliseconds, as all of these. */
  readonly issuedAt?: number | undefined;
  readonly expiresAt?: number | undefined;
  /** When the user last signed in; absent counts as never (ASVS 6.8.4). */
  readonly authenticatedAt?: number | undefined;
  /** Authentication context class; absent counts as the weakest. */
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
}

/** Who acts for the principal: RFC 8693 `act`, or an administrator who impersonates. */
export interface Actor {
  readonly kind: string;
  readonly id: string;
}
