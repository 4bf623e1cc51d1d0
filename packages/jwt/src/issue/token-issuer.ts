import type { Environment, EventSink, KeyRing, Page, Storage } from '@portcullis/core';
import type { RefreshFamily } from '../refresh/refresh-family.js';
import type { Revocations } from '../revoke/revocations.js';
import type { SigningKeys } from '../sign/signing-keys.js';
import type { IssuedTokens, RefreshResult } from './issued-tokens.js';
import type { TokenEvents } from './token-events.js';

/** How refresh tokens live. Times in whole milliseconds. */
export interface RefreshOptions {
  /**
   * Keys of at least 32 bytes that the tokens' MACs are made with. Keep them elsewhere than the database: either alone
   * gives no token. A login moves to the current key at its next refresh; a key may leave the ring `inactivityMs` later.
   */
  readonly keys: KeyRing;
  /** Without a refresh for so long, the login is over. A minute to 400 days; default 30 days. */
  readonly inactivityMs?: number;
  /** The login is over after so long, however active it was. A minute to 1,000 days; default 90 days. */
  readonly lifetimeMs?: number;
  /**
   * For so long after a refresh the token before it gives the same successor again, for callers that ran at the same
   * time and for answers that were lost. After it the old token is a thief's. 0 to 300,000; default 30,000.
   */
  readonly graceMs?: number;
}

/** What `createTokenIssuer` takes. */
export interface TokenIssuerOptions extends Pick<Environment, 'clock' | 'random'> {
  /** The `iss` of the tokens: an http(s) URL without query and fragment. */
  readonly issuer: string;
  /** Who the access tokens are for: the `aud` that each service checks. */
  readonly audience: string | readonly string[];
  /** Made by `createSigningKeys` or `fixedSigningKeys`. */
  readonly keys: SigningKeys;
  /** Where logins and revocations are kept. */
  readonly storage: Storage;
  readonly refresh: RefreshOptions;
  /** How long an access token lives: a second to a day; default 900,000 (15 minutes). */
  readonly accessLifetimeMs?: number;
  /** The claim that carries `tenant`. Default `tenant`. */
  readonly tenantClaim?: string;
  /** Default: made over `storage`, with their own defaults. Give yours to share it with the verifier. */
  readonly revocations?: Revocations;
  readonly events?: EventSink<TokenEvents>;
}

/** A user who has just proven who they are. */
export interface Login {
  /** The user's id, stable and never given to another: 1 to 255 bytes, not beginning with `client:`. */
  readonly subject: string;
  /** The application that the tokens are for. They work for it alone. */
  readonly clientId: string;
  /** What the tokens allow at most. */
  readonly scope: readonly string[];
  readonly tenant?: string | undefined;
  /** When the user proved it, absolute milliseconds. Absent counts as never where a route asks for a fresh login. */
  readonly authenticatedAt?: number | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
  /** Further claims for every access token of the login. JSON; kept in the row; none that the issuer sets itself. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /**
   * When the check of the password (or whatever proved it) began, absolute milliseconds, at most an hour ago; default now. A `revokeAll` since
   * then refuses the login, so that nobody gets in with what has just been changed.
   */
  readonly startedAt?: number | undefined;
  /** For the user's list of devices: `Firefox on Linux`. At most 200 characters. */
  readonly label?: string | undefined;
}

/** A client that asks for itself, after the application has authenticated it. */
export interface ClientGrant {
  readonly clientId: string;
  readonly scope: readonly string[];
  readonly tenant?: string | undefined;
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/** What a token is, for who may know. @see RFC 7662 section 2.2 */
export type Introspection =
  | { readonly active: false }
  | ({ readonly active: true } & Readonly<Record<string, unknown>>);

/** Issues, refreshes and revokes. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly keys: SigningKeys;
  /** Pass it to the verifier: `revocations: tokens.revocations`. */
  readonly revocations: Revocations;
  /**
   * An access and a refresh token for a user who has just logged in.
   * @throws {JwtError} `invalid_option` for a login that cannot be, `login_revoked` when all logins of the user are
   * being revoked at this moment.
   */
  issue(login: Login): Promise<IssuedTokens>;
  /** An access token for a client itself. Its `sub` is `client:` and the client's id, which no user can have. */
  issueForClient(grant: ClientGrant): Promise<IssuedTokens>;
  /**
   * Exchanges a refresh token. Reuse ends the login. `clientId` is who asks, as the application has made sure of;
   * `scope` narrows the access token, not the login.
   */
  refresh(
    refreshToken: string,
    request: { readonly clientId: string; readonly scope?: readonly string[] | undefined },
  ): Promise<RefreshResult>;
  /**
   * Ends what a token stands for: a refresh token's login with all its access tokens, or one access token. With
   * `clientId`, only a token of that client. `unknown` is not an error: it is dead already.
   */
  revoke(
    token: string,
    options?: { readonly clientId?: string | undefined },
  ): Promise<'revoked' | 'unknown' | 'wrong_client'>;
  /** Ends one login out of the user's list. `false` when the user has no such login. */
  revokeFamily(family: string, options: { readonly subject: string }): Promise<boolean>;
  /**
   * Ends all logins of a user and kills their access tokens: on a password change, a disabled account. `except` is the
   * login (`sid`) that asked for it and goes on; its next access token comes from a refresh.
   * @returns how many logins ended
   */
  revokeAll(subject: string, options?: { readonly except?: string | undefined }): Promise<number>;
  /** A user's logins, newest first. `limit` 1 to 1000, default 100. */
  list(
    subject: string,
    query?: {
      readonly cursor?: string | undefined;
      readonly limit?: number | undefined;
      readonly tenant?: string | undefined;
    },
  ): Promise<Page<RefreshFamily>>;
  /**
   * What an access token of this issuer says, if it is good and was not revoked. Anything else is not active, and so is
   * a refresh token: nobody but the token endpoint has any use for one. `audience`: who asks, and must be in `aud`.
   */
  introspect(token: string, options?: { readonly audience?: string | undefined }): Promise<Introspection>;
}
