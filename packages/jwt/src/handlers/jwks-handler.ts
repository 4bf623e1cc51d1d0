import { sha256 } from '@portcullis/core';
import type { SigningKeys } from '../sign/signing-keys.js';
import { answer, type Handler, oauthError } from './oauth-response.js';

/**
 * Serves the public keys, usually at `/.well-known/jwks.json`, to anybody on any origin. Caches may keep the answer for
 * the keys' own `jwksMaxAgeMs`, which is what makes it safe that a key signs only after it has been published for longer.
 * @see RFC 7517 section 8.5.2
 */
export function createJwksHandler(keys: SigningKeys): Handler {
  const cacheControl = `public, max-age=${Math.floor(keys.jwksMaxAgeMs / 1000)}`;

  return (request) =>
    answer(async () => {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return oauthError(405, 'invalid_request', 'Use GET.', { allow: 'GET, HEAD' });
      }
      const body = JSON.stringify(await keys.jwks());
      const etag = `"${sha256(body)}"`;
      const headers = { 'cache-control': cacheControl, etag, 'access-control-allow-origin': '*' };
      const known = request.headers
        .get('if-none-match')
        ?.split(',')
        .some((one) => one.trim().replace(/^W\//, '') === etag);
      if (known === true) return new Response(null, { status: 304, headers });
      return new Response(request.method === 'HEAD' ? null : body, {
        status: 200,
        headers: { ...headers, 'content-type': 'application/jwk-set+json', 'x-content-type-options': 'nosniff' },
      });
    });
}
