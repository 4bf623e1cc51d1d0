import type { Provider } from '../provider.js';
import { issuerUrl } from './host-name.js';
import { openidProfile } from './openid-profile.js';

/** What `keycloak` takes. */
export interface KeycloakOptions {
  /** The realm's issuer: `https://login.example.org/realms/main`. */
  readonly issuer: string;
}

/**
 * Keycloak.
 * @throws {OAuthError} `invalid_option`
 * @see https://www.keycloak.org/securing-apps/oidc-layers
 */
export function keycloak({ issuer }: KeycloakOptions): Provider {
  return {
    id: 'keycloak',
    label: 'Keycloak',
    issuer: issuerUrl('issuer', issuer),
    discovery: 'oidc',
    openid: true,
    scopes: ['openid', 'profile', 'email'],
    profile: openidProfile,
  };
}
