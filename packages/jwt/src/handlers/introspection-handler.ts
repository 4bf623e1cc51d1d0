import type { MaybePromise } from '@portcullis/core';
import type { TokenIssuer } from '../issue/token-issuer.js';
import { checkChallenge, unknownClient } from './authenticate-client.js';
import { answer, type Handler, jsonResponse, oauthError } from './oauth-response.js';
import { defaultMaxBytes, type FormParameters, readParameters } from './request-parameters.js';

/** A service that may ask. */
export interface IntrospectionCaller {
  /** With it, only tokens for this audience are active: a service has no business with another's. */
  readonly audience?: string | undefined;
}

/** What `createIntrospectionHandler` takes. */
export interface IntrospectionHandlerOptions {
  readonly tokens: TokenIssuer;
  /** Says whether a service may ask, and for which audience. `undefined` refuses. Without it anybody could try tokens out. */
  readonly authenticate: (
    request: Request,
    parameters: FormParameters,
  ) => MaybePromise<IntrospectionCaller | undefined>;
  /** Of the `WWW-Authenticate` of a 401. Default `Basic realm="introspection"`. */
  readonly challenge?: string;
}

/**
 * The introspection endpoint: says what an access token of this issuer is, to services that may know. Everything that
 * is not a good access token is `{ "active": false }` and nothing more, refresh tokens included.
 * @throws {JwtError} `invalid_option`
 * @see RFC 7662 section 2
 */
export function createIntrospectionHandler(options: IntrospectionHandlerOptions): Handler {
  const { tokens, authenticate } = options;
  const challenge = checkChallenge(options.challenge ?? 'Basic realm="introspection"');

  return (request) =>
    answer(async () => {
      const parameters = await readParameters(request, { maxBytes: defaultMaxBytes, json: false });
      if (parameters instanceof Response) return parameters;
      const caller = await authenticate(request, parameters);
      if (caller === undefined) return unknownClient(challenge);
      const token = parameters.get('token');
      if (token === undefined) return oauthError(400, 'invalid_request', 'token is missing.');
      return jsonResponse(200, await tokens.introspect(token, { audience: caller.audience }));
    });
}
