import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Discord. `verified` is of the address.
 * @see https://discord.com/developers/docs/topics/oauth2
 * @see https://discord.com/developers/docs/resources/user
 */
export const discord: Provider = {
  id: 'discord',
  label: 'Discord',
  issuer: 'https://discord.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://discord.com/oauth2/authorize',
    token: 'https://discord.com/api/oauth2/token',
    revocation: 'https://discord.com/api/oauth2/token/revoke',
  },
  openid: false,
  scopes: ['identify', 'email'],
  userInfo: [{ url: 'https://discord.com/api/v10/users/@me' }],
  profile({ userInfo: [user] }) {
    const { id, global_name: name, username, email, verified, avatar } = objectOf(user);
    const subject = idOf(id);
    return {
      subject,
      name: textOf(name),
      username: textOf(username),
      email: textOf(email),
      emailVerified: verified === true,
      picture: textOf(avatar) && `https://cdn.discordapp.com/avatars/${subject}/${textOf(avatar)}.png`,
    };
  },
};
