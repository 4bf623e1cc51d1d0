import type { Provider } from '../provider.js';
import { idOf, objectOf, objectsOf, textOf } from './read-json.js';

/**
 * Spotify. Its documentation says of the address that there is no proof that it belongs to the user.
 * @see https://developer.spotify.com/documentation/web-api/tutorials/code-flow
 * @see https://developer.spotify.com/documentation/web-api/reference/get-current-users-profile
 */
export const spotify: Provider = {
  id: 'spotify',
  label: 'Spotify',
  issuer: 'https://accounts.spotify.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://accounts.spotify.com/authorize',
    token: 'https://accounts.spotify.com/api/token',
  },
  openid: false,
  scopes: ['user-read-email'],
  userInfo: [{ url: 'https://api.spotify.com/v1/me' }],
  profile({ userInfo: [user] }) {
    const { id, display_name: name, email, images } = objectOf(user);
    return {
      subject: idOf(id),
      name: textOf(name),
      email: textOf(email),
      emailVerified: false,
      picture: textOf(objectsOf(images)[0]?.['url']),
    };
  },
};
