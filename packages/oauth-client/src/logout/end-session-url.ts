import type { Secret } from '@portcullis/core';
import type { Connection } from '../connection/connection.js';

/** What the provider is told at a logout. */
export interface EndSessionOptions {
  readonly idTokenHint?: Secret | undefined;
  /** Where the provider sends the user afterwards: exactly as registered there. */
  readonly postLogoutRedirectUri?: string | undefined;
  /** Comes back with the user. */
  readonly state?: string | undefined;
}

/**
 * Where to send a user to sign out at the provider too; `undefined` when it has no such place.
 * @throws {OAuthError} `provider_unavailable`, `provider_misbehaved`
 * @see OpenID Connect RP-Initiated Logout section 2
 */
export function endSessionUrl(connection: Connection, options: EndSessionOptions = {}): Promise<string | undefined> {
  return connection.ask(async (server) => {
    if (server.end_session_endpoint === undefined) return undefined;
    const url = new URL(server.end_session_endpoint);
    const { idTokenHint, postLogoutRedirectUri, state } = options;
    const fields = {
      id_token_hint: idTokenHint?.reveal(),
      client_id: connection.client.client_id,
      post_logout_redirect_uri: postLogoutRedirectUri,
      state: postLogoutRedirectUri === undefined ? undefined : state,
    };
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) url.searchParams.set(name, value);
    return url.href;
  });
}
