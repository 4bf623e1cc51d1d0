import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Yandex. The default address may be one at another house, of which nothing says that it was checked.
 * @see https://yandex.com/dev/id/doc/en/codes/code-url
 * @see https://yandex.com/dev/id/doc/en/user-information
 */
export const yandex: Provider = {
  id: 'yandex',
  label: 'Yandex',
  issuer: 'https://oauth.yandex.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://oauth.yandex.com/authorize',
    token: 'https://oauth.yandex.com/token',
    revocation: 'https://oauth.yandex.com/revoke_token',
  },
  openid: false,
  scopes: ['login:info', 'login:email', 'login:avatar'],
  userInfo: [{ url: 'https://login.yandex.ru/info?format=json' }],
  profile({ userInfo: [user] }) {
    const {
      id,
      display_name: name,
      login,
      default_email: email,
      default_avatar_id: avatar,
      is_avatar_empty: empty,
    } = objectOf(user);
    const picture = empty === false ? textOf(avatar) : undefined;
    return {
      subject: idOf(id),
      name: textOf(name),
      username: textOf(login),
      email: textOf(email),
      emailVerified: false,
      picture: picture && `https://avatars.yandex.net/get-yapic/${picture}/islands-200`,
    };
  },
};
