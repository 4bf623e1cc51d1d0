import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * X. The address is one that X confirmed; for `users.email` the application's settings must have "Request email from users" on.
 * @see https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
 * @see https://docs.x.com/x-api/users/get-my-user
 */
export const x: Provider = {
  id: 'x',
  label: 'X',
  issuer: 'https://x.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://x.com/i/oauth2/authorize',
    token: 'https://api.x.com/2/oauth2/token',
    revocation: 'https://api.x.com/2/oauth2/revoke',
  },
  openid: false,
  scopes: ['users.read', 'tweet.read', 'users.email'],
  userInfo: [{ url: 'https://api.x.com/2/users/me?user.fields=profile_image_url,confirmed_email' }],
  profile({ userInfo: [answer] }) {
    const {
      id,
      name,
      username,
      confirmed_email: email,
      profile_image_url: picture,
    } = objectOf(objectOf(answer)['data']);
    return {
      subject: idOf(id),
      name: textOf(name),
      username: textOf(username),
      email: textOf(email),
      emailVerified: textOf(email) !== undefined,
      picture: textOf(picture),
    };
  },
};
