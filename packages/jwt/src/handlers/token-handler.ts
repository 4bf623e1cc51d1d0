import type { TokenIssuer } from '../issue/token-issuer.js';
import { type AuthenticateClient, checkChallenge, unknownClient } from './authenticate-client.js';
import { answer, type Handler, jsonResponse, oauthError } from './oauth-response.js';
import { defaultMaxBytes, readParameters } from './request-parameters.js';

/** What the handlers for apps take. */
export interface TokenHandlerOptions {
  readonly tokens: TokenIssuer;
  readonly authenticateClient: AuthenticateClient;
  /** Takes a JSON object as well as a form: for an app of one's own. Default false. */
  readonly json?: boolean;
  /** Of the `WWW-Authenticate` of a 401. Default `Basic realm="tokens"`. */
  readonly challenge?: string;
}

const scopeList = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/**
 * The token endpoint for `grant_type=refresh_token`. What led to a refusal is in the events, never in the answer:
 * unknown, expired, reused and another client's tokens all get `invalid_grant`.
 * @throws {JwtError} `invalid_option`
 * @see RFC 6749 sections 5 and 6
 */
export function createTokenHandler(options: TokenHandlerOptions): Handler {
  const { tokens, authenticateClient, json = false } = options;
  const challenge = checkChallenge(options.challenge ?? 'Basic realm="tokens"');

  return (request) =>
    answer(async () => {
      const parameters = await readParameters(request, { maxBytes: defaultMaxBytes, json });
      if (parameters instanceof Response) return parameters;
      const grantType = parameters.get('grant_type');
      if (grantType === undefined) return oauthError(400, 'invalid_request', 'grant_type is missing.');
      if (grantType !== 'refresh_token')
        return oauthError(400, 'unsupported_grant_type', 'Only refresh_token is known here.');
      const client = await authenticateClient(request, parameters);
      if (client === undefined) return unknownClient(challenge);
      const refreshToken = parameters.get('refresh_token');
      if (refreshToken === undefined) return oauthError(400, 'invalid_request', 'refresh_token is missing.');
      const scope = parameters.get('scope');
      if (scope !== undefined && !(scope.length <= 4096 && scopeList.test(scope))) {
        return oauthError(400, 'invalid_scope', 'scope is not a list of scope names.');
      }
      const result = await tokens.refresh(refreshToken, { clientId: client.clientId, scope: scope?.split(' ') });
      if (result.ok) return jsonResponse(200, result.tokens.reveal());
      return result.error === 'invalid_scope'
        ? oauthError(400, 'invalid_scope', 'More scope than was granted.')
        : oauthError(400, 'invalid_grant', 'The refresh token is not good. Log in again.');
    });
}
