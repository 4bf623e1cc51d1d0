import type { Provider } from '../provider.js';
import { hostName } from './host-name.js';
import { openidProfile } from './openid-profile.js';

/** What `auth0` takes. */
export interface Auth0Options {
  /** The tenant's domain or a custom one: `acme.eu.auth0.com`. */
  readonly domain: string;
}

/**
 * Auth0. Its issuer ends with a slash.
 * @throws {OAuthError} `invalid_option`
 * @see https://auth0.com/docs/get-started/applications/configure-applications-with-oidc-discovery
 */
export function auth0({ domain }: Auth0Options): Provider {
  return {
    id: 'auth0',
    label: 'Auth0',
    issuer: `https://${hostName('domain', domain)}/`,
    discovery: 'oidc',
    openid: true,
    scopes: ['openid', 'profile', 'email'],
    profile: openidProfile,
  };
}
