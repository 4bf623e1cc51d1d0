import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Naver. The token request repeats the state. The address is one for contact, of which nothing says that it was checked.
 * @see https://developers.naver.com/docs/login/api/api.md
 * @see https://developers.naver.com/docs/login/profile/profile.md
 */
export const naver: Provider = {
  id: 'naver',
  label: 'Naver',
  issuer: 'https://nid.naver.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://nid.naver.com/oauth2.0/authorize',
    token: 'https://nid.naver.com/oauth2.0/token',
  },
  openid: false,
  scopes: [],
  clientAuthentication: 'client_secret_post',
  tokenRequestRepeats: ['state'],
  userInfo: [{ url: 'https://openapi.naver.com/v1/nid/me' }],
  profile({ userInfo: [answer] }) {
    const { id, name, nickname, email, profile_image: picture } = objectOf(objectOf(answer)['response']);
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
