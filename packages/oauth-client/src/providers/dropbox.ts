import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Dropbox. A refresh token is given for `authorizationParameters: { token_access_type: 'offline' }`.
 * @see https://developers.dropbox.com/oauth-guide
 * @see https://www.dropbox.com/developers/documentation/http/documentation#users-get_current_account
 */
export const dropbox: Provider = {
  id: 'dropbox',
  label: 'Dropbox',
  issuer: 'https://www.dropbox.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://www.dropbox.com/oauth2/authorize',
    token: 'https://api.dropboxapi.com/oauth2/token',
  },
  openid: false,
  scopes: ['account_info.read'],
  // It takes no GET, and no content type without a body.
  userInfo: [{ url: 'https://api.dropboxapi.com/2/users/get_current_account', method: 'POST' }],
  profile({ userInfo: [account] }) {
    const { account_id: id, name, email, email_verified: verified, profile_photo_url: picture } = objectOf(account);
    return {
      subject: idOf(id),
      name: textOf(objectOf(name)['display_name']),
      email: textOf(email),
      emailVerified: verified === true,
      picture: textOf(picture),
    };
  },
};
