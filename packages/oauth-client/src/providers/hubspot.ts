import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * HubSpot. What it knows of a token says whose it is; that address holds the token, as HubSpot has it.
 * @see https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth
 * @see https://developers.hubspot.com/docs/api-reference/auth-oauth-v1/access-tokens/get-oauth-v1-access-tokens-token
 */
export const hubspot: Provider = {
  id: 'hubspot',
  label: 'HubSpot',
  issuer: 'https://app.hubspot.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://app.hubspot.com/oauth/authorize',
    token: 'https://api.hubapi.com/oauth/v1/token',
  },
  openid: false,
  scopes: ['oauth'],
  clientAuthentication: 'client_secret_post',
  userInfo: [{ url: 'https://api.hubapi.com/oauth/v1/access-tokens/{access_token}' }],
  profile({ userInfo: [token] }) {
    const { user_id: id, user } = objectOf(token);
    return { subject: idOf(id), email: textOf(user), emailVerified: false };
  },
};
