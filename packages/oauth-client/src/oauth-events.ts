import type { OAuthErrorCode } from './errors.js';
import type { VaultEvents } from './vault/vault-events.js';

/** What sign-in and the vault report. Nothing in it is secret. */
export interface OAuthEvents extends VaultEvents {
  'oauth.sign_in_begun': { readonly provider: string; readonly ip: string | undefined };
  'oauth.signed_in': {
    readonly provider: string;
    readonly issuer: string;
    readonly subject: string;
    readonly ip: string | undefined;
  };
  'oauth.sign_in_failed': {
    readonly provider: string;
    readonly code: OAuthErrorCode | 'error';
    readonly providerError: string | undefined;
    readonly ip: string | undefined;
  };
  'oauth.identity_linked': { readonly user: string; readonly issuer: string; readonly subject: string };
  'oauth.identity_unlinked': { readonly user: string; readonly issuer: string; readonly subject: string };
  'oauth.provider_ended_session': { readonly session: string; readonly issuer: string };
  'oauth.logout_token_refused': { readonly provider: string };
}
