import { createHmac, timingSafeEqual, utf8 } from '@portcullis/core';
import type { Provider } from '../provider.js';
import { addressPart } from './host-name.js';
import { idOf, joined, objectOf, textOf } from './read-json.js';

// https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant#security-checks
const shops = {
  form: /^[a-z\d][a-z\d-]{0,62}\.myshopify\.com$/,
  mend: "give the shop's own domain, such as acme.myshopify.com",
};

// Of all parameters but itself, as a form, in the order of their names.
function isSigned(parameters: URLSearchParams, clientSecret: string): boolean {
  const signed = new URLSearchParams(parameters);
  signed.delete('hmac');
  signed.sort();
  const mac = createHmac(utf8(clientSecret)).bytes(signed.toString());
  const hex = Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return timingSafeEqual(parameters.get('hmac') ?? '', hex);
}

/** What `shopify` takes. */
export interface ShopifyOptions {
  /** The shop's own domain, `acme.myshopify.com`: also what a merchant typed, since no other host passes. */
  readonly shop: string;
}

/**
 * Shopify, as a member of a shop's staff. The callback has to be of this shop and signed by Shopify (`hmac`) before its code is used. The token answer says who
 * it is, and names no token type. The scopes are the application's to choose.
 * @throws {OAuthError} `invalid_option`
 * @see https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
 */
export function shopify({ shop }: ShopifyOptions): Provider {
  const host = addressPart('shop', shop, shops);
  const origin = `https://${host}`;
  return {
    id: 'shopify',
    label: 'Shopify',
    issuer: origin,
    discovery: 'none',
    endpoints: {
      authorization: `${origin}/admin/oauth/authorize`,
      token: `${origin}/admin/oauth/access_token`,
    },
    openid: false,
    scopes: [],
    scopeSeparator: ',',
    authorizationParameters: { 'grant_options[]': 'per-user' },
    clientAuthentication: 'client_secret_post',
    isOwnCallback: (parameters, clientSecret) => parameters.get('shop') === host && isSigned(parameters, clientSecret),
    normalizeTokenAnswer: (answer) => ({
      ...answer,
      ...(answer['access_token'] === undefined ? {} : { token_type: 'bearer' }),
    }),
    profile({ token }) {
      const {
        id,
        first_name: first,
        last_name: last,
        email,
        email_verified: verified,
      } = objectOf(token['associated_user']);
      return {
        subject: idOf(id),
        name: joined(first, last),
        email: textOf(email),
        emailVerified: verified === true,
      };
    },
  };
}
