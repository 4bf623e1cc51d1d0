import { invalidOption } from '../errors/core-errors.js';

/** Where a redirect may lead. */
export interface ReturnToOptions {
  /** The application's own origin, `https://app.example.org`: from configuration, never from the Host header. */
  readonly origin: string;
  /** Where to go instead. Default `/`. */
  readonly fallback?: string;
}

const maxLength = 2048;
// Printable ASCII without space and backslash: browsers drop tabs and line ends, and read a backslash as a slash.
const plain = /^\/(?!\/)[!-[\]-~]*$/;
// Slash, backslash or a control character behind any number of encodings: some proxy or router decodes once more than we do.
const hidden = /%(?:25)*(?:2f|5c|[01][\da-f]|7f)/i;

function localPath(value: unknown, origin: string): string | undefined {
  if (typeof value !== 'string' || value.length > maxLength) return undefined;
  // Only with the slash: `https://app.example.org.evil.example` and `https://app.example.org@evil.example` begin alike.
  const target = value.startsWith(`${origin}/`) ? value.slice(origin.length) : value;
  const path = target.split(/[?#]/, 1)[0] ?? '';
  if (!plain.test(target) || path.includes('//') || hidden.test(path)) return undefined;
  return new URL(target, origin).origin === origin ? target : undefined;
}

/**
 * A redirect target that stays on the application's origin, as a path with query and fragment; anything else gives the fallback.
 *
 * Taken are a path that begins with one slash, and an absolute URL of exactly `origin`. Refused are other origins, `//host`, backslashes,
 * user information, other schemes, white space and control characters, anything outside ASCII, an empty segment, encoded slashes,
 * backslashes and control characters in the path (however often encoded), more than 2,048 characters, and what is no string.
 * Whether the path exists, and whether it redirects further, is not checked.
 * @throws {CoreError} `invalid_option` when `origin` is no origin or `fallback` would itself be refused.
 * @see RFC 9700 section 4.11
 */
export function safeReturnTo(value: unknown, { origin, fallback = '/' }: ReturnToOptions): string {
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw invalidOption('origin', 'give scheme, host and port only, as in https://app.example.org');
  }
  const instead = localPath(fallback, origin);
  if (instead === undefined) throw invalidOption('fallback', 'give a path of the application, as in /home');
  return localPath(value, origin) ?? instead;
}
