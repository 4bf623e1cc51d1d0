import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Atlassian (Jira, Confluence). A refresh token is given for the scope `offline_access`.
 * @see https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
 */
export const atlassian: Provider = {
  id: 'atlassian',
  label: 'Atlassian',
  issuer: 'https://auth.atlassian.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://auth.atlassian.com/authorize',
    token: 'https://auth.atlassian.com/oauth/token',
  },
  openid: false,
  scopes: ['read:me'],
  authorizationParameters: { audience: 'api.atlassian.com', prompt: 'consent' },
  clientAuthentication: 'client_secret_post',
  tokenRequestBody: 'json',
  userInfo: [{ url: 'https://api.atlassian.com/me' }],
  profile({ userInfo: [user] }) {
    const { account_id: id, name, nickname, email, picture } = objectOf(user);
    return {
      subject: idOf(id),
      name: textOf(name),
      username: textOf(nickname),
      email: textOf(email),
      emailVerified: false,
      picture: textOf(picture),
    };
  },
};
