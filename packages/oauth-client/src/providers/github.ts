import type { Provider } from '../provider.js';
import { idOf, objectOf, objectsOf, textOf } from './read-json.js';

// GitHub answers 403 to a request without one, and not every runtime sends its own.
// https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent
const headers = { accept: 'application/vnd.github+json', 'user-agent': 'portcullis' };

/**
 * GitHub. The address is the primary one of the list, the only place that says whether it was checked; a GitHub App needs the permission
 * "Email addresses: read-only" for it. Error answers have status 200.
 * @see https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 * @see https://docs.github.com/en/rest/users/emails
 */
export const github: Provider = {
  id: 'github',
  label: 'GitHub',
  issuer: 'https://github.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://github.com/login/oauth/authorize',
    token: 'https://github.com/login/oauth/access_token',
    deviceAuthorization: 'https://github.com/login/device/code',
  },
  openid: false,
  scopes: ['read:user', 'user:email'],
  // It is asked for with spaces too, and answered with commas.
  scopeSeparator: ',',
  clientAuthentication: 'client_secret_post',
  userInfo: [
    { url: 'https://api.github.com/user', headers },
    { url: 'https://api.github.com/user/emails', headers },
  ],
  profile({ userInfo: [user, emails] }) {
    const { id, name, login, avatar_url: picture } = objectOf(user);
    const primary = objectsOf(emails).find((entry) => entry['primary'] === true) ?? {};
    return {
      subject: idOf(id),
      name: textOf(name),
      username: textOf(login),
      email: textOf(primary['email']),
      emailVerified: primary['verified'] === true,
      picture: textOf(picture),
    };
  },
};
