import type { AuthRequest } from './request.js';

/** A credential that is there and cannot be read: 400. A symbol, so that no token can look like it. */
export const malformedCredential: unique symbol = Symbol('malformed credential');

const token68 = /^[\w\-.~+/]+=*$/;

/**
 * The token of `Authorization: <scheme> <token68>`.
 *
 * `undefined` when there is no such header, or one of another scheme. Malformed when Authorization was sent twice (also as one line joined
 * by a comma, which is how web runtimes show it), when the token is missing, or when it has a character outside token68.
 * The scheme's case does not matter; one or more spaces follow it, no tab. Nothing is decoded.
 * @param scheme an HTTP authentication scheme: `Bearer`.
 * @see RFC 9110 section 11.4, RFC 6750 section 2.1
 */
export function readAuthorization(
  request: Pick<AuthRequest, 'headerValues'>,
  scheme: string,
): string | undefined | typeof malformedCredential {
  const values = request.headerValues('authorization');
  const value = values[0];
  if (value === undefined) return undefined;
  if (values.length > 1) return malformedCredential;
  const { length } = scheme;
  const own = value.startsWith(scheme) || value.slice(0, length).toLowerCase() === scheme.toLowerCase();
  // `Bearerx y` is another scheme's; a bare `Bearer`, or one before a tab or a comma, is ours and broken.
  if (!own || !' \t,'.includes(value.charAt(length))) return undefined;
  let start = length;
  while (value.charCodeAt(start) === 0x20) start++;
  const token = value.slice(start);
  return start > length && token68.test(token) ? token : malformedCredential;
}
