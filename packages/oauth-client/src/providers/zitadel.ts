import type { Provider } from '../provider.js';
import { issuerUrl } from './host-name.js';
import { openidProfile } from './openid-profile.js';

/** What `zitadel` takes. */
export interface ZitadelOptions {
  /** The instance's address: `https://acme.zitadel.cloud`. */
  readonly issuer: string;
}

/**
 * Zitadel.
 * @throws {OAuthError} `invalid_option`
 * @see https://zitadel.com/docs/apis/openidoauth/endpoints
 */
export function zitadel({ issuer }: ZitadelOptions): Provider {
  return {
    id: 'zitadel',
    label: 'Zitadel',
    issuer: issuerUrl('issuer', issuer),
    discovery: 'oidc',
    openid: true,
    scopes: ['openid', 'profile', 'email'],
    profile: openidProfile,
  };
}
