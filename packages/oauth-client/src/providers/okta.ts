import type { Provider } from '../provider.js';
import { addressPart, hostName } from './host-name.js';
import { openidProfile } from './openid-profile.js';

const servers = { form: /^[A-Za-z\d]{1,64}$/, mend: 'give its id, such as default, without the address around it' };

/** What `okta` takes. */
export interface OktaOptions {
  /** The organization's domain or a custom one: `acme.okta.com`. */
  readonly domain: string;
  /** The id of a custom authorization server, such as `default`. Without it the organization's own. */
  readonly authorizationServer?: string;
}

/**
 * Okta.
 * @throws {OAuthError} `invalid_option`
 * @see https://developer.okta.com/docs/concepts/auth-servers/
 */
export function okta({ domain, authorizationServer }: OktaOptions): Provider {
  const origin = `https://${hostName('domain', domain)}`;
  return {
    id: 'okta',
    label: 'Okta',
    issuer:
      authorizationServer === undefined
        ? origin
        : `${origin}/oauth2/${addressPart('authorizationServer', authorizationServer, servers)}`,
    discovery: 'oidc',
    openid: true,
    scopes: ['openid', 'profile', 'email'],
    profile: openidProfile,
  };
}
