import type { Provider } from '../provider.js';
import { idOf, objectOf, objectsOf, textOf } from './read-json.js';

/**
 * Bitbucket Cloud. The address is the primary one of the list; `is_confirmed` says whether it was checked. The answer lists `scopes`.
 * @see https://developer.atlassian.com/cloud/bitbucket/oauth-2/
 * @see https://developer.atlassian.com/cloud/bitbucket/rest/api-group-users/
 */
export const bitbucket: Provider = {
  id: 'bitbucket',
  label: 'Bitbucket',
  issuer: 'https://bitbucket.org',
  discovery: 'none',
  endpoints: {
    authorization: 'https://bitbucket.org/site/oauth2/authorize',
    token: 'https://bitbucket.org/site/oauth2/access_token',
  },
  openid: false,
  scopes: ['account', 'email'],
  normalizeTokenAnswer: ({ scopes, ...answer }) => (scopes === undefined ? answer : { scope: scopes, ...answer }),
  userInfo: [{ url: 'https://api.bitbucket.org/2.0/user' }, { url: 'https://api.bitbucket.org/2.0/user/emails' }],
  profile({ userInfo: [user, emails] }) {
    const { uuid, display_name: name, nickname, links } = objectOf(user);
    const primary = objectsOf(objectOf(emails)['values']).find((entry) => entry['is_primary'] === true) ?? {};
    return {
      subject: idOf(uuid),
      name: textOf(name),
      username: textOf(nickname),
      email: textOf(primary['email']),
      emailVerified: primary['is_confirmed'] === true,
      picture: textOf(objectOf(objectOf(links)['avatar'])['href']),
    };
  },
};
