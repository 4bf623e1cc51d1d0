import type { AuthorizationDetail } from '@portcullis/core';
import type { JsonObject } from './strict-json.js';

// RFC 6749 section 3.3: printable, without quote and backslash, one space between two.
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const scopeList = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

// Issuers write few different lists: one that was read before costs a lookup, and its array is shared.
const lists = new Map<string, readonly string[]>();
const maxLists = 256;
const longestList = 512;

function readList(text: string): readonly string[] | false {
  const known = lists.get(text);
  if (known !== undefined) return known;
  if (text !== '' && !scopeList.test(text)) return false;
  const scopes: readonly string[] = Object.freeze(text === '' ? [] : text.split(' '));
  if (text.length <= longestList) {
    if (lists.size >= maxLists) lists.clear();
    lists.set(text, scopes);
  }
  return scopes;
}

/**
 * The scopes of the first of `names` that the claims have: a string with spaces between them, or an array.
 * `undefined` when none is there, `false` for another form or a scope with a character that no scope has.
 */
export function readScopes(claims: JsonObject, names: readonly string[]): readonly string[] | undefined | false {
  for (const name of names) {
    const value = claims[name];
    if (value === undefined) continue;
    if (typeof value === 'string') return readList(value);
    const wellFormed =
      Array.isArray(value) && value.every((scope) => typeof scope === 'string' && scopeToken.test(scope));
    return wellFormed && (value as readonly string[]);
  }
  return undefined;
}

/**
 * The `authorization_details` of the claims: an array of objects that name their `type`. `undefined` when there are none,
 * `false` for another form, which must not be taken for "no restriction".
 * @see RFC 9396 sections 2 and 9.1
 */
export function readAuthorizationDetails(claims: JsonObject): readonly AuthorizationDetail[] | undefined | false {
  const { authorization_details: details } = claims;
  if (details === undefined) return undefined;
  const wellFormed =
    Array.isArray(details) &&
    details.every(
      (detail: unknown) =>
        typeof detail === 'object' &&
        detail !== null &&
        typeof (detail as { readonly type?: unknown }).type === 'string',
    );
  return wellFormed ? (details as readonly AuthorizationDetail[]) : false;
}
