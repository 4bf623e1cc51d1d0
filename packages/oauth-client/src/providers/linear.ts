import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Linear. Who the user is, its GraphQL API says.
 * @see https://linear.app/developers/oauth-2-0-authentication
 */
export const linear: Provider = {
  id: 'linear',
  label: 'Linear',
  issuer: 'https://linear.app',
  discovery: 'none',
  endpoints: {
    authorization: 'https://linear.app/oauth/authorize',
    token: 'https://api.linear.app/oauth/token',
    revocation: 'https://api.linear.app/oauth/revoke',
  },
  openid: false,
  scopes: ['read'],
  scopeSeparator: ',',
  clientAuthentication: 'client_secret_post',
  userInfo: [
    {
      url: 'https://api.linear.app/graphql',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: /* @__PURE__ */ JSON.stringify({ query: '{ viewer { id name displayName email avatarUrl } }' }),
    },
  ],
  profile({ userInfo: [answer] }) {
    const { id, name, displayName, email, avatarUrl } = objectOf(objectOf(objectOf(answer)['data'])['viewer']);
    return {
      subject: idOf(id),
      name: textOf(name),
      username: textOf(displayName),
      email: textOf(email),
      emailVerified: false,
      picture: textOf(avatarUrl),
    };
  },
};
