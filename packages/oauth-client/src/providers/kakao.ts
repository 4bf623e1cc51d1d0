import type { Provider } from '../provider.js';
import { idOf, objectOf, textOf } from './read-json.js';

/**
 * Kakao. An address is a user's own only while it is valid and verified: an invalid one has gone to another account.
 * @see https://developers.kakao.com/docs/latest/en/kakaologin/rest-api
 */
export const kakao: Provider = {
  id: 'kakao',
  label: 'Kakao',
  issuer: 'https://kauth.kakao.com',
  discovery: 'none',
  endpoints: {
    authorization: 'https://kauth.kakao.com/oauth/authorize',
    token: 'https://kauth.kakao.com/oauth/token',
  },
  openid: false,
  scopes: ['account_email', 'profile_nickname', 'profile_image'],
  scopeSeparator: ',',
  clientAuthentication: 'client_secret_post',
  userInfo: [{ url: 'https://kapi.kakao.com/v2/user/me' }],
  profile({ userInfo: [user] }) {
    const { id, kakao_account: account } = objectOf(user);
    const { profile, email, is_email_valid: valid, is_email_verified: verified } = objectOf(account);
    const { nickname, profile_image_url: picture } = objectOf(profile);
    return {
      subject: idOf(id),
      name: textOf(nickname),
      email: textOf(email),
      emailVerified: valid === true && verified === true,
      picture: textOf(picture),
    };
  },
};
