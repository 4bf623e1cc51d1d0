import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Zoom. Scopes are chosen in the application's settings; `user:read:user` must be among them. `verified` is 1 where the address was checked.
 * @see https://developers.zoom.us/docs/integrations/oauth/
 * @see https://developers.zoom.us/docs/api/users/#tag/users/get/users/{userId}
 */
export const zoom: Provider = {
  id: 'zoom',
  label: 'Zoom',
  issuer: 'https://zoom.us',
  discovery: 'none',
  endpoints: {
    authorization: 'https://zoom.us/oauth/authorize',
    token: 'https://zoom.us/oauth/token',
    revocation: 'https://zoom.us/oauth/revoke',
  },
  openid: false,
  scopes: [],
  userInfo: [{ url: 'https://api.zoom.us/v2/users/me' }],
  profile({ userInfo: [user] }) {
    const { id, display_name: name, email, verified, pic_url: picture } = objectOf(user);
    return {
      subject: idOf(id),
      name: textOf(name),
      email: textOf(email),
      emailVerified: verified === 1,
      picture: textOf(picture),
    };
  },
};
