import { invalidOption } from '../errors.js';

const loopbackAddresses = new Set(['127.0.0.1', '[::1]']);

/**
 * Where a program on the user's own machine waits for the answer: an address of the loopback, not a name that could resolve elsewhere, and
 * whichever port was free.
 * @throws {OAuthError} `invalid_option`
 * @see RFC 8252 sections 7.3 and 8.3
 */
export function loopbackRedirectUri(port: number, path: string = '/callback'): string {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw invalidOption('port', 'give the one that you listen on, 1 to 65,535');
  if (!/^\/[\w./~-]*$/.test(path)) throw invalidOption('path', 'begin with /, without query and fragment');
  return `http://127.0.0.1:${port}${path}`;
}

/** Whether the answer stays on the user's machine: a loopback address, or a scheme of an application's own. */
export function isNativeRedirect(uri: string): boolean {
  const { protocol, hostname } = new URL(uri);
  return protocol !== 'https:' && (protocol !== 'http:' || loopbackAddresses.has(hostname) || hostname === 'localhost');
}

/**
 * @throws {OAuthError} `invalid_option` for plain http beyond the user's machine, a fragment, or a scheme that runs what follows it
 * @see RFC 6749 section 3.1.2
 */
export function checkRedirectUri(uri: string): void {
  const mend =
    'give an absolute https: URL without a fragment, or an address of the loopback such as http://127.0.0.1:8080/callback';
  if (!URL.canParse(uri) || uri.includes('#')) throw invalidOption('redirectUri', mend);
  const { protocol } = new URL(uri);
  // A scheme of an application's own is the reverse of a domain name (RFC 8252 section 7.1).
  if (protocol === 'https:' || (isNativeRedirect(uri) && (protocol === 'http:' || protocol.includes('.')))) return;
  throw invalidOption('redirectUri', mend);
}
