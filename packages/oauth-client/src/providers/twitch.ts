import type { Provider } from '../provider.js';
import { openidProfile } from './openid-profile.js';

const claims = { email: null, email_verified: null, picture: null, preferred_username: null };

/**
 * Twitch. It puts into the ID token only what `claims` asks for, and answers with a list of scopes.
 * @see https://dev.twitch.tv/docs/authentication/getting-tokens-oidc/
 */
export const twitch: Provider = {
  id: 'twitch',
  label: 'Twitch',
  issuer: 'https://id.twitch.tv/oauth2',
  discovery: 'oidc',
  endpoints: { revocation: 'https://id.twitch.tv/oauth2/revoke' },
  openid: true,
  scopes: ['openid', 'user:read:email'],
  authorizationParameters: { claims: /* @__PURE__ */ JSON.stringify({ id_token: claims }) },
  clientAuthentication: 'client_secret_post',
  normalizeTokenAnswer: ({ scope, ...answer }) =>
    Array.isArray(scope) ? { ...answer, scope: scope.join(' ') } : scope === undefined ? answer : { ...answer, scope },
  userInfo: [],
  profile: openidProfile,
};
