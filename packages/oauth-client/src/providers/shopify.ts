import type { Provider } from '../provider.js';
import { addressPart } from './host-name.js';
import { idOf, joined, objectOf, textOf } from './read-json.js';

// https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant#security-checks
const shops = {
  form: /^[a-z\d][a-z\d-]{0,62}\.myshopify\.com$/,
  mend: "give the shop's own domain, such as acme.myshopify.com",
};

/** What `shopify` takes. */
export interface ShopifyOptions {
  /** The shop's own domain, `acme.myshopify.com`: also what a merchant typed, since no other host passes. */
  readonly shop: string;
}

/**
 * Shopify, as a member of a shop's staff. The token answer says who that is, and names no token type. The scopes are the application's to choose.
 * @throws {OAuthError} `invalid_option`
 * @see https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
 */
export function shopify({ shop }: ShopifyOptions): Provider {
  const origin = `https://${addressPart('shop', shop, shops)}`;
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
