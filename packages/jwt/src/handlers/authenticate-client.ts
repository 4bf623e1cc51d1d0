import type { MaybePromise } from '@portcullis/core';
import { invalidOption } from '../errors.js';
import { oauthError } from './oauth-response.js';
import type { FormParameters } from './request-parameters.js';

/** A client that is known to be itself, or is public. */
export interface AuthenticatedClient {
  readonly clientId: string;
}

/**
 * Says which client a request is from: by its secret (RFC 6749 section 2.3.1), an assertion (RFC 7523), a certificate.
 * `undefined` refuses. `publicClients` is one for apps that can keep no secret.
 */
export type AuthenticateClient = (
  request: Request,
  parameters: FormParameters,
) => MaybePromise<AuthenticatedClient | undefined>;

/**
 * Takes the word of public clients (apps on a user's device, which can keep no secret) for the ids given, and refuses
 * every other. Clients that have a secret must not be among them: their tokens would be anybody's who finds one.
 * @throws {JwtError} `invalid_option`
 * @see RFC 6749 section 2.1
 */
export function publicClients(...ids: readonly string[]): AuthenticateClient {
  if (ids.length === 0 || !ids.every((id) => typeof id === 'string' && id !== ''))
    throw invalidOption('publicClients', 'name the client ids');
  const known = new Set(ids);
  return (request, parameters) => {
    const clientId = parameters.get('client_id');
    // A client that sends a secret expects it to be checked.
    const secret =
      request.headers.has('authorization') || parameters.has('client_secret') || parameters.has('client_assertion');
    return clientId !== undefined && known.has(clientId) && !secret ? { clientId } : undefined;
  };
}

/** The answer to a client that is not known; the challenge is due to one that used the Authorization header. */
export function unknownClient(challenge: string): Response {
  return oauthError(401, 'invalid_client', 'The client is not known, or did not prove that it is itself.', {
    'www-authenticate': challenge,
  });
}

/**
 * Checks the `challenge` option of a handler.
 * @throws {JwtError} `invalid_option`
 */
export function checkChallenge(challenge: string): string {
  if (!/^[\x20-\x7e]{1,500}$/.test(challenge))
    throw invalidOption('challenge', 'give a WWW-Authenticate value, as in Basic realm="tokens"');
  return challenge;
}
