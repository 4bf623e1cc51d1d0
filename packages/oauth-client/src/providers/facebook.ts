import type { Provider, ProviderJson } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

// Its errors are objects: https://developers.facebook.com/docs/graph-api/guides/error-handling
function normalizeTokenAnswer(answer: ProviderJson): ProviderJson {
  if (typeof answer['error'] !== 'object' || answer['error'] === null) return answer;
  const { is_transient: transient } = objectOf(answer['error']);
  return { error: transient === true ? 'temporarily_unavailable' : 'invalid_grant' };
}

/**
 * Facebook. It gives an address without saying that it was checked. A user's id is of this application alone.
 * @see https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
 * @see https://developers.facebook.com/docs/graph-api/reference/user
 */
export const facebook: Provider = {
  id: 'facebook',
  label: 'Facebook',
  issuer: 'https://www.facebook.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://www.facebook.com/v24.0/dialog/oauth',
    token: 'https://graph.facebook.com/v24.0/oauth/access_token',
  },
  openid: false,
  scopes: ['public_profile', 'email'],
  scopeSeparator: ',',
  clientAuthentication: 'client_secret_post',
  normalizeTokenAnswer,
  userInfo: [{ url: 'https://graph.facebook.com/v24.0/me?fields=id,name,email,picture' }],
  profile({ userInfo: [user] }) {
    const { id, name, email, picture } = objectOf(user);
    return {
      subject: idOf(id),
      name: textOf(name),
      email: textOf(email),
      emailVerified: false,
      picture: textOf(objectOf(objectOf(picture)['data'])['url']),
    };
  },
};
