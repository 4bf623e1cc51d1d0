import type { Provider } from '../provider.js';
import { openidProfile } from './openid-profile.js';

/**
 * Google. A refresh token is given only for `authorizationParameters: { access_type: 'offline', prompt: 'consent' }`.
 * @see https://developers.google.com/identity/openid-connect/openid-connect
 */
export const google: Provider = {
  id: 'google',
  label: 'Google',
  issuer: 'https://accounts.google.com',
  discovery: 'oidc',
  openid: true,
  scopes: ['openid', 'email', 'profile'],
  // The ID token already holds everything.
  userInfo: [],
  profile: openidProfile,
};
