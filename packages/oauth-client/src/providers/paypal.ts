import type { Provider } from '../provider.js';
import { idOf, objectOf, objectsOf, textOf } from './read-json.js';

function payPalAt(authorization: string, api: string): Provider {
  return {
    id: 'paypal',
    label: 'PayPal',
    issuer: authorization,
    discovery: 'none',
    endpoints: {
      authorization: `${authorization}/signin/authorize`,
      token: `${api}/v1/oauth2/token`,
    },
    openid: false,
    scopes: ['openid', 'profile', 'email'],
    userInfo: [{ url: `${api}/v1/identity/oauth2/userinfo?schema=paypalv1.1` }],
    profile({ userInfo: [user] }) {
      const { user_id: id, name, emails } = objectOf(user);
      const primary = objectsOf(emails).find((entry) => entry['primary'] === true) ?? {};
      return {
        subject: idOf(id),
        name: textOf(name),
        email: textOf(primary['value']),
        emailVerified: primary['confirmed'] === true,
      };
    },
  };
}

/**
 * PayPal. The userinfo endpoint says who the user is; its ID tokens may be signed with the client secret, and are not looked at.
 * @see https://developer.paypal.com/docs/log-in-with-paypal/integrate/
 * @see https://developer.paypal.com/docs/api/identity/v1/
 */
export const paypal: Provider = /* @__PURE__ */ payPalAt('https://www.paypal.com', 'https://api-m.paypal.com');

/** PayPal's sandbox, whose users are made up. */
export const paypalSandbox: Provider = /* @__PURE__ */ payPalAt(
  'https://www.sandbox.paypal.com',
  'https://api-m.sandbox.paypal.com',
);
