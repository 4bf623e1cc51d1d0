import type { Provider } from '../provider.js';
import { openidProfile } from './openid-profile.js';

/**
 * LinkedIn. Its ID token repeats no nonce, so the userinfo endpoint is asked instead.
 * @see https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2
 */
export const linkedin: Provider = {
  id: 'linkedin',
  label: 'LinkedIn',
  issuer: 'https://www.linkedin.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://www.linkedin.com/oauth/v2/authorization',
    token: 'https://www.linkedin.com/oauth/v2/accessToken',
  },
  openid: false,
  scopes: ['openid', 'profile', 'email'],
  clientAuthentication: 'client_secret_post',
  userInfo: [{ url: 'https://api.linkedin.com/v2/userinfo' }],
  profile: openidProfile,
};
