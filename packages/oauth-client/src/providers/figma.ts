import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Figma.
 * @see https://developers.figma.com/docs/rest-api/authentication/
 */
export const figma: Provider = {
  id: 'figma',
  label: 'Figma',
  issuer: 'https://www.figma.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://www.figma.com/oauth',
    token: 'https://api.figma.com/v1/oauth/token',
  },
  openid: false,
  scopes: ['current_user:read'],
  userInfo: [{ url: 'https://api.figma.com/v1/me' }],
  profile({ userInfo: [user] }) {
    const { id, handle, email, img_url: picture } = objectOf(user);
    return {
      subject: idOf(id),
      name: textOf(handle),
      email: textOf(email),
      emailVerified: false,
      picture: textOf(picture),
    };
  },
};
