import { urlObjection } from '@portcullis/core/fetch';
import { invalidOption } from '../errors.js';
import { checkRedirectUri } from '../sign-in/redirect-uri.js';

/** What a client says of itself in a document at its own address. @beta */
export interface ClientMetadataOptions {
  /** The document's address, which is the client's id: `https:`, with a path. */
  readonly clientId: string;
  readonly clientName: string;
  readonly redirectUris: readonly string[];
  readonly clientUri?: string;
  readonly logoUri?: string;
  readonly scopes?: readonly string[];
  /** The public keys of a client that asserts. Default: a public client. */
  readonly jwksUri?: string;
}

/**
 * Checks a client id that is the address of a document: `https:` with a path, so that a server can fetch it, and in one spelling only.
 * @throws {OAuthError} `invalid_option`
 * @see OAuth Client ID Metadata Document section 3
 */
export function checkClientIdUrl(clientId: string): void {
  const objection = urlObjection(clientId, false);
  if (objection !== undefined) throw invalidOption('clientId', objection);
  if (new URL(clientId).pathname === '/')
    throw invalidOption('clientId', 'give its document a path, as in /client.json');
  // Servers compare it as it is written; dot segments, upper case and default ports would be two ids for one document.
  if (new URL(clientId).href !== clientId) throw invalidOption('clientId', `write it as ${new URL(clientId).href}`);
}

/**
 * The document that a server fetches to learn of a client which nobody has registered there. Serve it at `clientId` as JSON.
 * @throws {OAuthError} `invalid_option`
 * @beta
 */
export function clientMetadataDocument(options: ClientMetadataOptions): Readonly<Record<string, unknown>> {
  const { clientId, clientName, redirectUris, clientUri, logoUri, scopes, jwksUri } = options;
  checkClientIdUrl(clientId);
  if (redirectUris.length === 0) throw invalidOption('redirectUris', 'name at least one');
  for (const uri of redirectUris) checkRedirectUri(uri);
  return {
    client_id: clientId,
    client_name: clientName,
    redirect_uris: [...redirectUris],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: jwksUri === undefined ? 'none' : 'private_key_jwt',
    ...(clientUri === undefined ? {} : { client_uri: clientUri }),
    ...(logoUri === undefined ? {} : { logo_uri: logoUri }),
    ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
    ...(jwksUri === undefined ? {} : { jwks_uri: jwksUri }),
  };
}
