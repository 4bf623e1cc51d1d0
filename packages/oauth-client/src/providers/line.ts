import type { Provider } from '../provider.js';
import { openidProfile } from './openid-profile.js';

/**
 * LINE. Its ID tokens are signed with the channel secret (HS256), which is no signature that a third party can check, so the userinfo endpoint is
 * asked instead; that has no address.
 * @see https://developers.line.biz/en/docs/line-login/integrate-line-login/
 * @see https://developers.line.biz/en/reference/line-login/#userinfo
 */
export const line: Provider = {
  id: 'line',
  label: 'LINE',
  issuer: 'https://access.line.me',
  discovery: 'none',
  endpoints: {
    authorization: 'https://access.line.me/oauth2/v2.1/authorize',
    token: 'https://api.line.me/oauth2/v2.1/token',
    revocation: 'https://api.line.me/oauth2/v2.1/revoke',
  },
  openid: false,
  scopes: ['openid', 'profile'],
  clientAuthentication: 'client_secret_post',
  userInfo: [{ url: 'https://api.line.me/oauth2/v2.1/userinfo' }],
  profile: openidProfile,
};
