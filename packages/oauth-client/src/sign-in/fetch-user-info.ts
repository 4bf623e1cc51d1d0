import * as oauth from 'oauth4webapi';
import type { Connection } from '../connection/connection.js';
import { OAuthError } from '../errors.js';
import type { ProviderJson, UserInfoRequest } from '../provider.js';
import type { TokenSet } from '../token-set.js';
import { withDpopNonce } from '../connection/with-dpop-nonce.js';

function filled(template: string, connection: Connection, tokens: TokenSet): string {
  return template
    .replaceAll('{client_id}', () => encodeURIComponent(connection.client.client_id))
    .replaceAll('{access_token}', () => encodeURIComponent(tokens.accessToken.reveal()));
}

async function fetchOne(connection: Connection, request: UserInfoRequest, tokens: TokenSet): Promise<unknown> {
  const { url, method = 'GET', headers, body } = request;
  const { dpop } = connection;
  const answer = await withDpopNonce(dpop, () =>
    oauth.protectedResourceRequest(
      tokens.accessToken.reveal(),
      method,
      new URL(filled(url, connection, tokens)),
      new Headers({ accept: 'application/json', ...headers }),
      body && filled(body, connection, tokens),
      { ...connection.requestOptions(), ...(dpop === undefined ? {} : { DPoP: dpop }) },
    ),
  );
  if (answer.status >= 500 || answer.status === 429) throw new OAuthError('provider_unavailable');
  if (!answer.ok)
    throw new OAuthError('provider_refused', `The provider refused to describe the user (${answer.status}).`);
  try {
    return await answer.json();
  } catch {
    throw new OAuthError('provider_misbehaved', "The provider's description of the user is not JSON.");
  }
}

/**
 * What a provider says about the user whom the tokens are of. The userinfo endpoint of OpenID Connect has to speak of the ID token's subject.
 * @see OpenID Connect Core section 5.3.2
 */
export async function fetchUserInfo(
  connection: Connection,
  server: oauth.AuthorizationServer,
  tokens: TokenSet,
): Promise<readonly unknown[]> {
  const { openid, userInfo } = connection.provider;
  const standard = server.userinfo_endpoint;
  const requests = userInfo ?? (openid && standard !== undefined ? [{ url: standard }] : []);
  const answers: unknown[] = [];
  for (const request of requests) {
    const answer = await fetchOne(connection, request, tokens);
    const { sub } = (answer ?? {}) as ProviderJson;
    // Also at an address of the record's own: whoever names a subject names this one, or speaks of somebody else.
    const mustName = request.url === standard || sub !== undefined;
    if (tokens.claims !== undefined && mustName && sub !== tokens.claims['sub']) {
      throw new OAuthError('provider_misbehaved', 'The provider described another user than it signed in.');
    }
    answers.push(answer);
  }
  return answers;
}
