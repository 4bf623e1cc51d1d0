import type { OAuthErrorCode } from '../errors.js';

/** Why a grant is over. */
export type GrantEnd =
  /** The provider said that it does not honour the refresh token: revoked by the user, expired there, or replayed. */
  | 'refused'
  /** The same, after an attempt whose answer nobody saw: the provider had most likely exchanged the token already. */
  | 'lost'
  /** The access token has expired and there was no refresh token. */
  | 'expired';

/** What events say of a grant. */
export interface GrantFacts {
  readonly user: string;
  readonly provider: string;
}

/** What the vault reports. No token is in it. */
export interface VaultEvents {
  'oauth.grant_stored': GrantFacts & { readonly scopes: readonly string[]; readonly renewable: boolean };
  'oauth.grant_renewed': GrantFacts & {
    /** Whether the provider gave another refresh token. */
    readonly rotated: boolean;
    /** Whether it followed an attempt whose answer nobody saw. */
    readonly recovered: boolean;
  };
  'oauth.grant_renewal_failed': GrantFacts & {
    readonly code: OAuthErrorCode | 'unknown';
    readonly providerError: string | undefined;
  };
  /** New tokens could not be written: this process keeps them and tries again at the next call. */
  'oauth.grant_unsaved': GrantFacts;
  /** The user has to sign in at the provider again. */
  'oauth.grant_ended': GrantFacts & { readonly reason: GrantEnd };
  'oauth.grant_revoked': GrantFacts & { readonly atProvider: boolean };
  'oauth.grant_removed': GrantFacts;
}
