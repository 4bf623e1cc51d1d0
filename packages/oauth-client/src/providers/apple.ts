import type { Provider } from '../provider.js';
import { openidProfile } from './openid-profile.js';
import { joined, objectOf } from './read-json.js';

// Sent once, at the first sign-in, and through the browser: a name to greet with, and nothing else.
function nameOf(user: unknown): string | undefined {
  if (typeof user !== 'string') return undefined;
  try {
    const { firstName, lastName } = objectOf(objectOf(JSON.parse(user))['name']);
    return joined(firstName, lastName);
  } catch {
    return undefined;
  }
}

/**
 * Apple. Its client secret is a signed token: `credential: { secret: appleClientSecret({ ... }) }`. Asking for a name or an address demands
 * `form_post`, whose callback comes from Apple's site. `email_verified` is `true` or `"true"`.
 * @see https://developer.apple.com/documentation/signinwithapple/authenticating-users-with-sign-in-with-apple
 */
export const apple: Provider = {
  id: 'apple',
  label: 'Apple',
  issuer: 'https://appleid.apple.com',
  discovery: 'oidc',
  openid: true,
  scopes: ['openid', 'name', 'email'],
  clientAuthentication: 'client_secret_post',
  responseMode: 'form_post',
  userInfo: [],
  profile(sources) {
    const verified: unknown = sources.claims['email_verified'];
    return {
      ...openidProfile(sources),
      name: nameOf(sources.callback['user']),
      emailVerified: verified === true || verified === 'true',
    };
  },
};
