import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Patreon. It answers in JSON:API, with the fields that are asked for.
 * @see https://docs.patreon.com/#oauth
 */
export const patreon: Provider = {
  id: 'patreon',
  label: 'Patreon',
  issuer: 'https://www.patreon.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://www.patreon.com/oauth2/authorize',
    token: 'https://www.patreon.com/api/oauth2/token',
  },
  openid: false,
  scopes: ['identity', 'identity[email]'],
  clientAuthentication: 'client_secret_post',
  userInfo: [
    {
      url: 'https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=email,full_name,image_url,is_email_verified,vanity',
    },
  ],
  profile({ userInfo: [answer] }) {
    const { id, attributes } = objectOf(objectOf(answer)['data']);
    const { full_name: name, vanity, email, is_email_verified: verified, image_url: picture } = objectOf(attributes);
    return {
      subject: idOf(id),
      name: textOf(name),
      username: textOf(vanity),
      email: textOf(email),
      emailVerified: verified === true,
      picture: textOf(picture),
    };
  },
};
