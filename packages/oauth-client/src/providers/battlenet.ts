import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Battle.net, everywhere but in China. It gives no address, and the BattleTag can change.
 * @see https://community.developer.battle.net/documentation/guides/using-oauth/authorization-code-flow
 */
export const battlenet: Provider = {
  id: 'battlenet',
  label: 'Battle.net',
  issuer: 'https://oauth.battle.net',
  discovery: 'none',
  endpoints: {
    authorization: 'https://oauth.battle.net/authorize',
    token: 'https://oauth.battle.net/token',
  },
  openid: false,
  scopes: ['openid'],
  userInfo: [{ url: 'https://oauth.battle.net/userinfo' }],
  profile({ userInfo: [user] }) {
    const { id, battletag } = objectOf(user);
    return { subject: idOf(id), username: textOf(battletag), emailVerified: false };
  },
};
