import { urlObjection } from '@portcullis/core/fetch';
import { type FetchLimits, fetchJson } from './fetch-json.js';

/** What discovery takes beside the limits. */
export interface DiscoveryOptions extends FetchLimits {
  readonly allowPrivate: boolean;
}

/**
 * Where an issuer's metadata may be, in the order to try: OpenID Connect Discovery appends its name to the issuer, and
 * RFC 8414 inserts its own before the issuer's path.
 */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname, search } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    `${origin}${path}/.well-known/openid-configuration${search}`,
    `${origin}/.well-known/oauth-authorization-server${path}${search}`,
  ];
}

/**
 * The address of an issuer's key set, out of its metadata. The metadata must name exactly this issuer, character by
 * character, and an address that keys may be fetched from.
 * @throws Error when there is no metadata, or it is another issuer's.
 * @see OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3
 */
export async function discoverKeySetUrl(issuer: string, options: DiscoveryOptions): Promise<string> {
  for (const url of metadataUrls(issuer)) {
    const { status, document } = await fetchJson(url, options);
    // Only "there is none here" leads on: an error of the server is no reason to ask elsewhere.
    if (status === 404) continue;
    if (document === undefined) throw new Error(`The metadata was answered with ${status}.`);
    if (document.issuer !== issuer) throw new Error('The metadata names another issuer.');
    const { jwks_uri: found } = document;
    if (typeof found !== 'string') throw new Error('The metadata names no jwks_uri.');
    const objection = urlObjection(found, options.allowPrivate);
    if (objection !== undefined) throw new Error(`The metadata's jwks_uri is refused: ${objection}.`);
    return found;
  }
  throw new Error('The issuer has no metadata.');
}
