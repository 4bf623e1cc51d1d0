import type { Provider } from '../provider.js';
import { idOf, joined, objectOf, textOf } from './read-json.js';

/**
 * VK ID. It takes no client secret (`credential: { none: true }`). The token request repeats the device that the callback names, as does each
 * renewal, and `verified` is of the account, not of the address.
 * @see https://id.vk.com/about/business/go/docs/en/vkid/latest/vk-id/connection/api-integration/api-description
 */
export const vk: Provider = {
  id: 'vk',
  label: 'VK',
  issuer: 'https://id.vk.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://id.vk.com/authorize',
    token: 'https://id.vk.com/oauth2/auth',
  },
  openid: false,
  scopes: ['vkid.personal_info', 'email'],
  clientAuthentication: 'none',
  tokenRequestRepeats: ['device_id', 'state'],
  renewalRepeats: ['device_id', 'state'],
  userInfo: [
    {
      url: 'https://id.vk.com/oauth2/user_info',
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'client_id={client_id}&access_token={access_token}',
    },
  ],
  profile({ userInfo: [answer] }) {
    const { user_id: id, first_name: first, last_name: last, email, avatar } = objectOf(objectOf(answer)['user']);
    return {
      subject: idOf(id),
      name: joined(first, last),
      email: textOf(email),
      emailVerified: false,
      picture: textOf(avatar),
    };
  },
};
