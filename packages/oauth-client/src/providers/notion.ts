import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Notion. The token answer says who the user is, and there are no scopes: an integration's capabilities are set in its settings.
 * @see https://developers.notion.com/docs/authorization
 */
export const notion: Provider = {
  id: 'notion',
  label: 'Notion',
  issuer: 'https://www.notion.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://api.notion.com/v1/oauth/authorize',
    token: 'https://api.notion.com/v1/oauth/token',
    revocation: 'https://api.notion.com/v1/oauth/revoke',
  },
  openid: false,
  scopes: [],
  authorizationParameters: { owner: 'user' },
  tokenRequestBody: 'json',
  profile({ token }) {
    const { id, name, avatar_url: picture, person } = objectOf(objectOf(token['owner'])['user']);
    return {
      subject: idOf(id),
      name: textOf(name),
      email: textOf(objectOf(person)['email']),
      emailVerified: false,
      picture: textOf(picture),
    };
  },
};
