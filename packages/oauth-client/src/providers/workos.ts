import type { Provider } from '../provider.js';
import { idOf, joined, objectOf, textOf } from './read-json.js';

/**
 * WorkOS AuthKit. The token answer says who the user is, and names no token type.
 * @see https://workos.com/docs/reference/authkit/authentication
 */
export const workos: Provider = {
  id: 'workos',
  label: 'WorkOS',
  issuer: 'https://api.workos.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://api.workos.com/user_management/authorize',
    token: 'https://api.workos.com/user_management/authenticate',
  },
  openid: false,
  scopes: [],
  authorizationParameters: { provider: 'authkit' },
  clientAuthentication: 'client_secret_post',
  tokenRequestBody: 'json',
  normalizeTokenAnswer: (answer) => ({
    ...answer,
    ...(answer['access_token'] === undefined ? {} : { token_type: 'bearer' }),
  }),
  // https://workos.com/docs/reference/authkit/session-tokens/access-token: five minutes unless set otherwise; its `exp` is not read here.
  accessTokenLifetime: 300,
  profile({ token }) {
    const {
      id,
      first_name: first,
      last_name: last,
      email,
      email_verified: verified,
      profile_picture_url: picture,
    } = objectOf(token['user']);
    return {
      subject: idOf(id),
      name: joined(first, last),
      email: textOf(email),
      emailVerified: verified === true,
      picture: textOf(picture),
    };
  },
};
