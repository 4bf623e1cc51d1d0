import type { Provider } from '../provider.js';
import { addressPart } from './host-name.js';
import { openidProfile } from './openid-profile.js';

const domains = /^(?:login|test|[a-z\d][a-z\d-]{0,79}(?:\.sandbox|\.develop|\.scratch)?\.my)\.salesforce\.com$/;

/** What `salesforce` takes. */
export interface SalesforceOptions {
  /** `login.salesforce.com` (default), `test.salesforce.com` for sandboxes, or a My Domain such as `acme.my.salesforce.com`. */
  readonly domain?: string;
}

/**
 * Salesforce.
 * @throws {OAuthError} `invalid_option`
 * @see https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_using_openid_discovery_endpoint.htm
 */
export function salesforce({ domain = 'login.salesforce.com' }: SalesforceOptions = {}): Provider {
  const mend = 'give login.salesforce.com, test.salesforce.com or a My Domain such as acme.my.salesforce.com';
  return {
    id: 'salesforce',
    label: 'Salesforce',
    issuer: `https://${addressPart('domain', domain, { form: domains, mend })}`,
    discovery: 'oidc',
    openid: true,
    scopes: ['openid', 'profile', 'email'],
    profile: openidProfile,
  };
}
