import type { Provider } from '../provider.js';
import { idOf, joined, objectOf, textOf } from './read-json.js';

/**
 * Strava. The token answer says who the athlete is; it gives no address.
 * @see https://developers.strava.com/docs/authentication/
 */
export const strava: Provider = {
  id: 'strava',
  label: 'Strava',
  issuer: 'https://www.strava.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://www.strava.com/oauth/authorize',
    token: 'https://www.strava.com/api/v3/oauth/token',
  },
  openid: false,
  scopes: ['read'],
  scopeSeparator: ',',
  clientAuthentication: 'client_secret_post',
  profile({ token }) {
    const { id, username, firstname, lastname, profile } = objectOf(token['athlete']);
    return {
      subject: idOf(id),
      name: joined(firstname, lastname),
      username: textOf(username),
      emailVerified: false,
      picture: textOf(profile),
    };
  },
};
