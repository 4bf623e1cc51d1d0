import type * as oauth from 'oauth4webapi';
import type { AuthorizationTransaction } from './authorization-request.js';
import { OAuthError } from '../errors.js';
import { errorCode } from '../connection/map-failure.js';

// What the provider answers when it would have to ask the user, and was told not to; or the user said no.
const declined = new Set([
  'access_denied',
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
  'unmet_authentication_requirements',
]);
const busy = new Set(['temporarily_unavailable', 'server_error']);

/** @throws {OAuthError} `sign_in_unknown` for a parameter that comes twice (RFC 6749 section 3.1) */
export function checkRepeated(parameters: URLSearchParams): void {
  const names = [...parameters.keys()];
  if (new Set(names).size === names.length) return;
  throw new OAuthError('sign_in_unknown', 'A parameter of the callback came twice.');
}

/**
 * The code of an authorization response that is of the server the user was sent to. Until that is known the response's error is neither used nor shown.
 * @throws {OAuthError} `provider_misbehaved`, `sign_in_denied`, `provider_unavailable`, `provider_refused`, `sign_in_unknown`
 * @see RFC 9207 section 2.4; RFC 6749 section 4.1.2
 */
export function readAuthorizationCode(
  server: oauth.AuthorizationServer,
  transaction: AuthorizationTransaction,
  parameters: URLSearchParams,
): string {
  checkRepeated(parameters);
  if (parameters.get('state') !== transaction.state) throw new OAuthError('sign_in_unknown');
  const iss = parameters.get('iss');
  const missing = iss === null && server.authorization_response_iss_parameter_supported === true;
  if (missing || (iss !== null && iss !== transaction.issuer) || server.issuer !== transaction.issuer) {
    throw new OAuthError('provider_misbehaved', 'The answer is not from the provider that the user was sent to.');
  }
  const given = parameters.get('error');
  if (given !== null) {
    const providerError = errorCode(given);
    if (declined.has(given)) throw new OAuthError('sign_in_denied', undefined, { providerError });
    throw new OAuthError(busy.has(given) ? 'provider_unavailable' : 'provider_refused', undefined, { providerError });
  }
  const code = parameters.get('code');
  if (code === null || code === '')
    throw new OAuthError('provider_misbehaved', 'The answer has neither a code nor an error.');
  return code;
}
