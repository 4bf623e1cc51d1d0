import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Box. The login is an address, of which nothing says that it was checked.
 * @see https://developer.box.com/guides/authentication/oauth2/
 * @see https://developer.box.com/reference/get-users-me/
 */
export const box: Provider = {
  id: 'box',
  label: 'Box',
  issuer: 'https://account.box.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://account.box.com/api/oauth2/authorize',
    token: 'https://api.box.com/oauth2/token',
    revocation: 'https://api.box.com/oauth2/revoke',
  },
  openid: false,
  scopes: [],
  clientAuthentication: 'client_secret_post',
  userInfo: [{ url: 'https://api.box.com/2.0/users/me' }],
  profile({ userInfo: [user] }) {
    const { id, name, login, avatar_url: picture } = objectOf(user);
    return {
      subject: idOf(id),
      name: textOf(name),
      email: textOf(login),
      emailVerified: false,
      picture: textOf(picture),
    };
  },
};
