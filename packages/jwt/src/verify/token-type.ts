import type { JsonObject } from './strict-json.js';

/** What a header's `typ` says that a token is. */
export type TokenType = 'access' | 'untyped' | 'other';

/**
 * Reads `typ` as a media type, without regard to case and with or without `application/`. `access` is `at+jwt`; `untyped`
 * is none, or plain `JWT`; `other` is every other use (logout tokens, DPoP proofs, client assertions).
 * @see RFC 9068 section 4, RFC 7515 section 4.1.9
 */
export function tokenType(typ: string | undefined): TokenType {
  if (typ === undefined) return 'untyped';
  const lower = typ.toLowerCase();
  const type = lower.startsWith('application/') ? lower.slice('application/'.length) : lower;
  return type === 'at+jwt' ? 'access' : type === 'jwt' ? 'untyped' : 'other';
}

const hashes = ['at_hash', 'c_hash', 's_hash'] as const;
const otherUses = /^(?:id|refresh|offline|logout|serialized-id)$/i;

/**
 * Whether the claims of a token without a type show that it is no access token: the hashes that only ID tokens have, the
 * events of a logout token, and the words that Cognito (`token_use`) and Keycloak (`typ`) use. It finds what says so
 * itself, and no more: the audience is what tells the rest apart.
 */
export function showsOtherUse(claims: JsonObject): boolean {
  const { token_use: use, typ, events } = claims;
  return (
    events !== undefined ||
    (typeof use === 'string' && otherUses.test(use)) ||
    (typeof typ === 'string' && otherUses.test(typ)) ||
    hashes.some((name) => claims[name] !== undefined)
  );
}
