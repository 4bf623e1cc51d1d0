import type { Provider } from '../provider.js';
import { issuerUrl } from './host-name.js';
import { openidProfile } from './openid-profile.js';

const gitlabAt = (issuer: string): Provider => ({
  id: 'gitlab',
  label: 'GitLab',
  issuer,
  discovery: 'oidc',
  openid: true,
  scopes: ['openid', 'profile', 'email'],
  profile: openidProfile,
});

/**
 * GitLab.com.
 * @see https://docs.gitlab.com/integration/openid_connect_provider/
 */
export const gitlab: Provider = /* @__PURE__ */ gitlabAt('https://gitlab.com');

/** What `gitlabSelfManaged` takes. */
export interface GitlabSelfManagedOptions {
  /** Where it is, `https://gitlab.example.org`. */
  readonly issuer: string;
}

/**
 * A GitLab of one's own.
 * @throws {OAuthError} `invalid_option`
 * @see https://docs.gitlab.com/integration/openid_connect_provider/
 */
export function gitlabSelfManaged({ issuer }: GitlabSelfManagedOptions): Provider {
  return gitlabAt(issuerUrl('issuer', issuer));
}
