const ipv4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/;

function isPrivateV4(host: string): boolean {
  const parts = ipv4.exec(host);
  if (parts === null) return false;
  const [a, b] = [Number(parts[1]), Number(parts[2])];
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && (b === 168 || b === 0)) ||
    (a === 198 && (b === 18 || b === 19))
  );
}

// URL writes IPv6 in brackets and compressed. Only 2000::/3 is public, and of it not 6to4, Teredo and documentation, which carry other addresses.
const publicV6 = /^\[[23][0-9a-f]{3}:/;
const carriesOther = /^\[(?:2002:|2001:(?:0?:|db8:))/;

const localName = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home\.arpa)\.?$/;

// Also with the dot of the root, which search lists and container networks resolve all the same.
const singleLabel = /^[^.]*\.?$/;

/** Why a URL must not be fetched, in words for a configuration error; `undefined` when it may. */
export type UrlObjection = string | undefined;

/**
 * Whether a URL from outside may be fetched: https, no user name or password, no fragment, and a host that is neither an
 * address of a private, loopback or link-local network nor a name that is local by convention. What a public name
 * resolves to is not checked: there TLS is what keeps an inner service from answering for it.
 * @see OWASP Server-Side Request Forgery Prevention Cheat Sheet
 */
export function urlObjection(text: string, allowPrivate: boolean): UrlObjection {
  if (!URL.canParse(text)) return 'it is not an absolute URL';
  const { protocol, username, password, hostname, hash } = new URL(text);
  if (username !== '' || password !== '') return 'it must not hold a user name or password';
  if (hash !== '') return 'it must not have a fragment';
  if (protocol !== 'https:' && !(allowPrivate && protocol === 'http:')) return 'it must begin with https://';
  if (allowPrivate) return undefined;
  const host = hostname.toLowerCase();
  const literal = host.startsWith('[');
  const isPrivate = literal
    ? !publicV6.test(host) || carriesOther.test(host)
    : isPrivateV4(host) || localName.test(host) || singleLabel.test(host);
  return isPrivate
    ? 'its host is on a private network; set dangerouslyAllowPrivateNetwork if that is meant'
    : undefined;
}
