import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * TikTok. It calls the client id `client_key`. A user's id is of this application alone, and there is no address.
 * @see https://developers.tiktok.com/doc/oauth-user-access-token-management
 * @see https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
 */
export const tiktok: Provider = {
  id: 'tiktok',
  label: 'TikTok',
  issuer: 'https://www.tiktok.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://www.tiktok.com/v2/auth/authorize/',
    token: 'https://open.tiktokapis.com/v2/oauth/token/',
    revocation: 'https://open.tiktokapis.com/v2/oauth/revoke/',
  },
  openid: false,
  scopes: ['user.info.basic'],
  scopeSeparator: ',',
  clientAuthentication: 'client_secret_post',
  clientIdParameter: 'client_key',
  userInfo: [{ url: 'https://open.tiktokapis.com/v2/user/info/?fields=open_id,display_name,avatar_url' }],
  profile({ userInfo: [answer] }) {
    const {
      open_id: id,
      display_name: name,
      avatar_url: picture,
    } = objectOf(objectOf(objectOf(answer)['data'])['user']);
    return { subject: idOf(id), name: textOf(name), emailVerified: false, picture: textOf(picture) };
  },
};
