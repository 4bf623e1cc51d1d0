import { Secret } from '@portcullis/core';
import * as oauth from 'oauth4webapi';
import type { Connection } from '../connection.js';
import { OAuthError } from '../errors.js';
import type { TokenSet } from '../token-set.js';

/** One request to a token endpoint. */
export interface TokenRequest {
  readonly grantType: string;
  readonly parameters: URLSearchParams;
  /** What the answer means when it names no scope. */
  readonly scopes: readonly string[];
  /** Signs a proof of the key that the token must then be bound to. */
  readonly dpop?: oauth.DPoPHandle | undefined;
  readonly signal?: AbortSignal | undefined;
  /** When the request is made, absolute milliseconds: an answer's `expires_in` counts from there. */
  readonly now: number;
}

// Beyond this nobody's clock is right, and a sum of times is no longer a safe integer.
const longestSeconds = 10 * 366 * 86_400;

const secret = (text: string | undefined): Secret | undefined => (text === undefined ? undefined : new Secret(text));

function readScopes({ provider }: Connection, scope: string | undefined, asked: readonly string[]): readonly string[] {
  if (scope === undefined) return asked;
  return scope.split(provider.scopeSeparator ?? ' ').filter((each) => each !== '');
}

/**
 * A checked answer of a token endpoint as a `TokenSet`.
 * @throws {OAuthError} `provider_misbehaved` when the token is not bound to the key that it was asked for with, or is bound to none of ours
 * @see RFC 6749 section 5.1; RFC 9449 section 5
 */
export function readTokenSet(
  connection: Connection,
  answer: oauth.TokenEndpointResponse,
  { scopes, dpop, now }: Pick<TokenRequest, 'scopes' | 'dpop' | 'now'>,
): TokenSet {
  const { access_token, token_type, expires_in, refresh_token, id_token, scope, ...extra } = answer;
  const tokenType = token_type === 'dpop' ? 'dpop' : 'bearer';
  if ((tokenType === 'dpop') !== (dpop !== undefined)) {
    throw new OAuthError(
      'provider_misbehaved',
      dpop === undefined
        ? 'The provider bound the token to a key that this application did not show.'
        : 'The provider did not bind the token to the key it was asked for with: it is thrown away (RFC 9449 section 5).',
    );
  }
  const seconds = expires_in ?? connection.provider.accessTokenLifetime;
  return {
    accessToken: new Secret(access_token),
    tokenType,
    expiresAt: seconds === undefined ? undefined : now + Math.floor(Math.min(seconds, longestSeconds) * 1000),
    refreshToken: secret(refresh_token),
    scopes: readScopes(connection, scope, scopes),
    idToken: secret(id_token),
    claims: oauth.getValidatedIdTokenClaims(answer),
    extra,
  };
}

/**
 * Asks a token endpoint and gives its answer unread, for grants whose answer has more than a token set. A server that wants a nonce in the proof
 * is asked once more with it.
 * @throws {OAuthError} @see RFC 9449 section 8
 */
export function askTokenEndpoint(
  connection: Connection,
  { grantType, parameters, dpop, signal }: Omit<TokenRequest, 'now' | 'scopes'>,
  process: oauth.ProcessTokenResponseOptions = {},
): Promise<oauth.TokenEndpointResponse> {
  const { client, clientAuth } = connection;
  const call = signal === undefined ? {} : { signal };
  return connection.ask(async (server) => {
    const options = {
      ...(connection.requestOptions(call) as oauth.TokenEndpointRequestOptions),
      ...(dpop === undefined ? {} : { DPoP: dpop }),
    };
    const once = async (): Promise<oauth.TokenEndpointResponse> =>
      oauth.processGenericTokenEndpointResponse(
        server,
        client,
        await oauth.genericTokenEndpointRequest(server, client, clientAuth, grantType, parameters, options),
        process,
      );
    try {
      return await once();
    } catch (error) {
      if (dpop === undefined || !oauth.isDPoPNonceError(error)) throw error;
      return once();
    }
  }, call);
}

/** Asks a token endpoint for tokens. @throws {OAuthError} */
export async function requestTokens(connection: Connection, request: TokenRequest): Promise<TokenSet> {
  return readTokenSet(connection, await askTokenEndpoint(connection, request), request);
}
