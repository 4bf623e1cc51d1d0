/** Two cookies of one name were sent: nobody can tell which the server set. A symbol, so that no value can look like it. */
export const duplicateCookie: unique symbol = Symbol('duplicate cookie');

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/**
 * The value of one cookie, found by scanning for its name alone; `undefined` when it was not sent.
 *
 * Several Cookie fields count as one (HTTP/2 splits them). A name that comes twice, in one field or in two, even with equal values, is
 * `duplicateCookie`: order says nothing about who set it, so treat the caller as anonymous. Names match by exact case: `__host-sid`
 * is not `__Host-sid`. The value is as sent: quotes are part of it and nothing is decoded or checked.
 * @param fields the request's Cookie field values, `request.headerValues('cookie')`.
 * @see RFC 6265bis sections 4.2 and 5.4
 */
export function readCookie(fields: readonly string[], name: string): string | undefined | typeof duplicateCookie {
  let found: string | undefined;
  const { length } = name;
  for (const field of fields) {
    for (let at = field.indexOf(name); at !== -1; at = field.indexOf(name, at + length)) {
      if (field.charCodeAt(at + length) !== 0x3d) continue;
      let before = at - 1;
      while (before >= 0 && isBlank(field.charCodeAt(before))) before--;
      if (before >= 0 && field.charCodeAt(before) !== 0x3b) continue;
      if (found !== undefined) return duplicateCookie;
      const start = at + length + 1;
      const semicolon = field.indexOf(';', start);
      let end = semicolon === -1 ? field.length : semicolon;
      while (end > start && isBlank(field.charCodeAt(end - 1))) end--;
      found = field.slice(start, end);
      at = end - length;
    }
  }
  return found;
}

/**
 * Every cookie of a request by name, with the rules of `readCookie`. Pairs without a name or without `=` are left out.
 * Reading one cookie out of many is cheaper with `readCookie`.
 */
export function parseCookies(fields: readonly string[]): ReadonlyMap<string, string | typeof duplicateCookie> {
  const cookies = new Map<string, string | typeof duplicateCookie>();
  for (const field of fields) {
    for (const pair of field.split(';')) {
      const text = pair.replace(/^[ \t]+/, '');
      const equals = text.indexOf('=');
      if (equals < 1) continue;
      const name = text.slice(0, equals);
      cookies.set(name, cookies.has(name) ? duplicateCookie : trimEnd(text.slice(equals + 1)));
    }
  }
  return cookies;
}

// A loop, because /[ \t]+$/ is quadratic on a long run of blanks that something follows.
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(0, end);
}
