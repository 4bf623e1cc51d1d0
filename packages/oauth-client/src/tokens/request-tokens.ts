import * as oauth from 'oauth4webapi';
import type { Connection } from '../connection/connection.js';
import type { ProviderJson } from '../provider.js';
import { readTokenAnswer } from '../connection/read-token-answer.js';
import type { TokenSet } from '../token-set.js';
import { withDpopNonce } from '../connection/with-dpop-nonce.js';

/** One request to a token endpoint. */
export interface TokenRequest {
  readonly grantType: string;
  readonly parameters: URLSearchParams;
  /** What the answer means when it names no scope. */
  readonly scopes: readonly string[];
  /** Whether an ID token in the answer is verified and kept, and the claims of the one that it renews. Without it none is looked at. */
  readonly idToken?: { readonly previous?: ProviderJson | undefined };
  readonly signal?: AbortSignal | undefined;
  /** Looks at the answer before it is read. */
  readonly inspect?: (response: Response) => Promise<Response>;
}

/**
 * Asks a token endpoint for tokens: as the client that the connection is, with a proof of its key where it has one, and once more when the server wants
 * its nonce in the proof.
 * @throws {OAuthError}
 * @see RFC 6749 sections 4 to 6; RFC 9449 sections 5 and 8
 */
export function requestTokens(connection: Connection, request: TokenRequest): Promise<TokenSet> {
  const { grantType, parameters, scopes, idToken, signal, inspect } = request;
  const { client, clientAuth, dpop } = connection;
  const call = signal === undefined ? {} : { signal };
  return connection.ask(
    (server) =>
      withDpopNonce(dpop, async () => {
        const response = await oauth.genericTokenEndpointRequest(server, client, clientAuth, grantType, parameters, {
          ...(connection.requestOptions(call) as oauth.TokenEndpointRequestOptions),
          ...(dpop === undefined ? {} : { DPoP: dpop }),
        });
        return readTokenAnswer(connection, (await inspect?.(response)) ?? response, {
          server,
          scopes,
          idToken: idToken === undefined ? 'ignored' : 'optional',
          claims: { previous: idToken?.previous },
        });
      }),
    call,
  );
}
