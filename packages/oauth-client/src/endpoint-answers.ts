import type { EndpointAnswer, EndpointInput } from '@portcullis/core/endpoint';
import { OAuthError } from './errors.js';

/**
 * Sends the browser on. 303 makes a GET of whatever it was; 307 and 308, which would send a form's fields along, are never used.
 * @see RFC 9700 section 4.12
 */
export function redirect(location: string): EndpointAnswer {
  return {
    status: 303,
    headers: [
      ['location', location],
      // What the address holds (a code, a state) stays out of the next site's logs.
      ['referrer-policy', 'no-referrer'],
    ],
  };
}

/** A query's parameters, as sent. */
export function queryOf({ request }: EndpointInput): URLSearchParams {
  const at = request.url.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : request.url.slice(at + 1).split('#', 1)[0]);
}

/** What the path calls the provider. @throws {OAuthError} `sign_in_unknown` */
export function providerOf({ path }: EndpointInput, fixed: string | undefined): string {
  const name = fixed ?? path['provider'];
  if (name === undefined)
    throw new OAuthError('sign_in_unknown', 'The route has no :provider, and the handler no provider.');
  return name;
}
