import { checkChallenge, unknownClient } from './authenticate-client.js';
import { answer, emptyResponse, type Handler, oauthError } from './oauth-response.js';
import { defaultMaxBytes, readParameters } from './request-parameters.js';
import type { TokenHandlerOptions } from './token-handler.js';

/**
 * The revocation endpoint, for refresh and access tokens. A token that is unknown, expired or no token at all is
 * answered with 200: it is as dead as the client wanted it. `token_type_hint` is not needed, because a token shows its
 * kind; a wrong one does no harm. A token of another client is refused.
 * @throws {JwtError} `invalid_option`
 * @see RFC 7009 section 2
 */
export function createRevocationHandler(options: TokenHandlerOptions): Handler {
  const { tokens, authenticateClient, json = false } = options;
  const challenge = checkChallenge(options.challenge ?? 'Basic realm="tokens"');

  return (request) =>
    answer(async () => {
      const parameters = await readParameters(request, { maxBytes: defaultMaxBytes, json });
      if (parameters instanceof Response) return parameters;
      const client = await authenticateClient(request, parameters);
      if (client === undefined) return unknownClient(challenge);
      const token = parameters.get('token');
      if (token === undefined) return oauthError(400, 'invalid_request', 'token is missing.');
      const outcome = await tokens.revoke(token, { clientId: client.clientId });
      if (outcome === 'wrong_client')
        return oauthError(400, 'invalid_grant', 'The token was issued to another client.');
      return emptyResponse(200);
    });
}
