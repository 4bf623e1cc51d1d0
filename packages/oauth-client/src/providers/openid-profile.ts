import type { ProfileSources, Provider } from '../provider.js';
import { idOf, joined, objectOf, textOf } from './read-json.js';

/**
 * The profile of a provider that keeps to OpenID Connect's claims, from the ID token and, where it was asked, the userinfo endpoint. The address and
 * the statement that it was checked come from the same of the two, and only `true` is that statement.
 * @see OpenID Connect Core section 5.1
 */
export function openidProfile({ claims, userInfo }: ProfileSources): ReturnType<Provider['profile']> {
  const info = objectOf(userInfo[0]);
  const known = { ...claims, ...info };
  const address = textOf(info['email']) === undefined ? claims : info;
  return {
    subject: idOf(claims['sub'] ?? info['sub']),
    name: textOf(known['name']) ?? joined(known['given_name'], known['family_name']),
    username: textOf(known['preferred_username']) ?? textOf(known['nickname']),
    email: textOf(address['email']),
    emailVerified: address['email_verified'] === true,
    picture: textOf(known['picture']),
  };
}
