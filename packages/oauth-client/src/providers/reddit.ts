import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Reddit. It gives no address. A refresh token is given for `authorizationParameters: { duration: 'permanent' }`.
 * @see https://github.com/reddit-archive/reddit/wiki/OAuth2
 */
export const reddit: Provider = {
  id: 'reddit',
  label: 'Reddit',
  issuer: 'https://www.reddit.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://www.reddit.com/api/v1/authorize',
    token: 'https://www.reddit.com/api/v1/access_token',
    revocation: 'https://www.reddit.com/api/v1/revoke_token',
  },
  openid: false,
  scopes: ['identity'],
  // Requests without a name of their own are throttled: https://github.com/reddit-archive/reddit/wiki/API#rules
  userInfo: [{ url: 'https://oauth.reddit.com/api/v1/me', headers: { 'user-agent': 'web:portcullis:v1' } }],
  profile({ userInfo: [user] }) {
    const { id, name, icon_img: picture } = objectOf(user);
    return {
      subject: idOf(id),
      username: textOf(name),
      emailVerified: false,
      // Escaped for HTML, as everything in its answers.
      picture: textOf(picture)?.replaceAll('&amp;', '&'),
    };
  },
};
