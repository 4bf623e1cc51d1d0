import { type CoreError, invalidOption } from '../errors/core-errors.js';

/** A cookie's attributes. What is left out is not written. */
export interface CookieAttributes {
  /** Host name without a leading dot. Left out, the cookie stays with the host that set it. */
  readonly domain?: string | undefined;
  /** Begins with `/`. */
  readonly path?: string | undefined;
  /** Seconds, 0 to 34,560,000 (400 days). Left out, the cookie ends with the browser session. */
  readonly maxAge?: number | undefined;
  readonly secure?: boolean | undefined;
  readonly httpOnly?: boolean | undefined;
  readonly sameSite?: 'strict' | 'lax' | 'none' | undefined;
  /** Kept apart by top-level site (CHIPS); needs `secure`. */
  readonly partitioned?: boolean | undefined;
  /** Which cookies a browser drops last; Chromium only. */
  readonly priority?: 'low' | 'medium' | 'high' | undefined;
}

const maxAgeLimit = 34_560_000;
const maxBytes = 4096;
const maxAttributeBytes = 1024;
const token = /^[!#$%&'*+\-.^_`|~\w]+$/;
const cookieOctets = /^[!#-+\--:<-[\]-~]*$/;
const hostName = /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i;
const pathValue = /^\/[!-:<-~]*$/;
const capitalised = { strict: 'Strict', lax: 'Lax', none: 'None', low: 'Low', medium: 'Medium', high: 'High' } as const;

function fault(name: string, value: string, attributes: CookieAttributes): CoreError | undefined {
  const {
    domain,
    path,
    maxAge,
    secure = false,
    httpOnly = false,
    sameSite,
    partitioned = false,
    priority,
  } = attributes;
  const refuse = (setting: string, mend: string): CoreError => invalidOption(`cookie.${setting}`, mend);
  if (!token.test(name)) return refuse('name', "use an RFC 9110 token: letters, digits and !#$%&'*+-.^_`|~");
  if (!cookieOctets.test(value)) {
    return refuse(
      'value',
      'white space, control characters, quote, comma, semicolon, backslash and non-ASCII are not allowed; encode it',
    );
  }
  // Both are ASCII by now, so characters are bytes.
  if (name.length + value.length > maxBytes)
    return refuse('value', 'name and value have at most 4096 bytes; browsers drop more. Store less');
  if (domain !== undefined && (!hostName.test(domain) || domain.length > maxAttributeBytes)) {
    return refuse('domain', 'give a host name without a leading dot, as in example.org');
  }
  if (path !== undefined && (!pathValue.test(path) || path.length > maxAttributeBytes)) {
    return refuse('path', 'begin with / and use printable ASCII without semicolon, at most 1024 bytes');
  }
  if (maxAge !== undefined && !(Number.isInteger(maxAge) && maxAge >= 0 && maxAge <= maxAgeLimit)) {
    return refuse('maxAge', 'use whole seconds, 0 to 34560000 (400 days); browsers cut more');
  }
  if (sameSite !== undefined && !['strict', 'lax', 'none'].includes(sameSite))
    return refuse('sameSite', 'use strict, lax or none');
  if (priority !== undefined && !['low', 'medium', 'high'].includes(priority))
    return refuse('priority', 'use low, medium or high');
  // Browsers match the prefixes in any letter case since some servers do.
  const prefix = /^__(?:host-http|host|http|secure)-/.exec(name.toLowerCase())?.[0] ?? '';
  const needsSecure = prefix !== '' || sameSite === 'none' || partitioned;
  if (needsSecure && !secure)
    return refuse('secure', 'set it to true: a name prefix, sameSite none and partitioned need it');
  if (prefix.startsWith('__host-') && domain !== undefined)
    return refuse('domain', 'leave it out: the name prefix __Host- forbids it');
  if (prefix.startsWith('__host-') && path !== '/')
    return refuse('path', 'set it to "/": the name prefix __Host- needs it');
  if (prefix.endsWith('http-') && !httpOnly) return refuse('httpOnly', 'set it to true: the name prefix needs it');
  return undefined;
}

/**
 * One `Set-Cookie` field value. Whatever a browser would silently drop or cut is an error here that names the setting:
 * a `__Host-` or `__Secure-` cookie (in any letter case) without what the prefix demands, `SameSite=None` or `Partitioned` without
 * `Secure`, more than 4096 bytes, more than 400 days. Nothing is encoded for you.
 * @throws {CoreError} `invalid_option`, naming the setting and never the value.
 * @see RFC 6265bis sections 4.1 and 5.7
 */
export function serializeCookie(name: string, value: string, attributes: CookieAttributes = {}): string {
  const error = fault(name, value, attributes);
  if (error !== undefined) throw error;
  const { domain, path, maxAge, secure, httpOnly, sameSite, partitioned, priority } = attributes;
  let text = `${name}=${value}`;
  if (maxAge !== undefined) text += `; Max-Age=${maxAge}`;
  if (domain !== undefined) text += `; Domain=${domain}`;
  if (path !== undefined) text += `; Path=${path}`;
  if (secure === true) text += '; Secure';
  if (httpOnly === true) text += '; HttpOnly';
  if (sameSite !== undefined) text += `; SameSite=${capitalised[sameSite]}`;
  if (partitioned === true) text += '; Partitioned';
  if (priority !== undefined) text += `; Priority=${capitalised[priority]}`;
  return text;
}

/**
 * The `Set-Cookie` field value that removes a cookie. Give the attributes it was set with: a browser removes only the cookie of
 * the same name, domain and path, and takes a prefixed name only with its flags.
 * @throws {CoreError} `invalid_option`, as `serializeCookie`.
 */
export function expireCookie(name: string, attributes: Omit<CookieAttributes, 'maxAge'> = {}): string {
  return `${serializeCookie(name, '', { ...attributes, maxAge: 0 })}; Expires=Thu, 01 Jan 1970 00:00:00 GMT`;
}

/** A cookie is its name, domain and path; of a repeated attribute the last one counts (RFC 6265bis section 5.6). */
function identity(field: string): string {
  const [pair = '', ...attributes] = field.split(';').map((part) => part.trim());
  let domain = '';
  let path = '';
  for (const attribute of attributes) {
    const [, name = '', value = ''] = /^(domain|path)\s*=\s*(.*)$/i.exec(attribute) ?? [];
    if (name.toLowerCase() === 'domain') domain = value.replace(/^\./, '').toLowerCase();
    if (name.toLowerCase() === 'path') path = value;
  }
  return JSON.stringify([pair.slice(0, pair.indexOf('=')), domain, path]);
}

/**
 * Of several `Set-Cookie` field values of one cookie (name, domain and path) only the last, in order: a response should not
 * set one cookie twice, and a sign-in that replaces an anonymous session would.
 * @see RFC 6265bis section 4.1.1
 */
export function lastOfEachCookie(fields: readonly string[]): readonly string[] {
  const last = new Map<string, string>();
  for (const field of fields) {
    const cookie = identity(field);
    // Deleted first, so that the later one also takes the later place.
    last.delete(cookie);
    last.set(cookie, field);
  }
  return [...last.values()];
}
