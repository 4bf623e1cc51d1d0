import { isPortcullisError, type Secret } from '@portcullis/core';
import * as oauth from 'oauth4webapi';
import type { Connection } from '../connection/connection.js';
import type { TokenCall } from './access-token.js';
import { plain } from './token-parameters.js';

/** What `revokeToken` takes. */
export interface TokenRevocation extends TokenCall {
  readonly token: Secret | string;
  /** Lets the server look in the right place first. */
  readonly hint?: 'access_token' | 'refresh_token';
}

/**
 * Tells the provider that a token is not to be honoured any more. Of a refresh token this ends the whole grant.
 * @returns `unsupported` when the provider revokes nothing, or no token of this kind
 * @throws {OAuthError} `provider_unavailable`: ask again later
 * @see RFC 7009
 */
export async function revokeToken(
  connection: Connection,
  { token, hint, signal }: TokenRevocation,
): Promise<'revoked' | 'unsupported'> {
  const { client, clientAuth } = connection;
  const call = signal === undefined ? {} : { signal };
  try {
    return await connection.ask(async (server) => {
      if (server.revocation_endpoint === undefined) return 'unsupported';
      const options = connection.requestOptions(call) as oauth.RevocationRequestOptions;
      const form = hint === undefined ? {} : { additionalParameters: { token_type_hint: hint } };
      const request = { ...options, ...form };
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(server, client, clientAuth, plain(token), request),
      );
      return 'revoked';
    }, call);
  } catch (error) {
    const refused = isPortcullisError(error, 'provider_refused') as boolean;
    if (refused && (error as { providerError?: string }).providerError === 'unsupported_token_type')
      return 'unsupported';
    throw error;
  }
}
