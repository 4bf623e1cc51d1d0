import type { Clock } from '@portcullis/core';
import * as oauth from 'oauth4webapi';
import { invalidOption } from '../errors.js';
import type { ClientAuthenticationMethod, ClientCredential, ClientKey, Provider } from '../provider.js';

/** The client as oauth4webapi wants it, whose clock is ours. */
export function createClient(clientId: string, credential: ClientCredential, clock: Clock): oauth.Client {
  return {
    client_id: clientId,
    ...('mtls' in credential ? { use_mtls_endpoint_aliases: true } : {}),
    // Asked for at every assertion and proof: the library reads the system's clock and adds this.
    get [oauth.clockSkew]() {
      return Math.round((clock() - Date.now()) / 1000);
    },
  };
}

/** @throws {OAuthError} `invalid_option` for what cannot sign */
export function privateKeyOf(option: string, given: ClientKey): oauth.PrivateKey {
  const { key, kid } = 'key' in given ? given : { key: given, kid: undefined };
  if (key.type !== 'private' || !key.usages.includes('sign')) {
    throw invalidOption(option, 'give a private CryptoKey whose usages include "sign"');
  }
  return kid === undefined ? { key } : { key, kid };
}

/** Of the two ways to send a secret the one that the provider takes. */
function secretMethod(provider: Provider, server: oauth.AuthorizationServer): ClientAuthenticationMethod {
  const offered = server.token_endpoint_auth_methods_supported;
  if (provider.clientAuthentication !== undefined) return provider.clientAuthentication;
  // Absent means client_secret_basic (RFC 8414 section 2).
  if (offered === undefined || offered.includes('client_secret_basic')) return 'client_secret_basic';
  if (offered.includes('client_secret_post')) return 'client_secret_post';
  throw invalidOption('credential', `${provider.id} takes no client secret, but one of: ${offered.join(', ')}`);
}

/**
 * How this application proves itself at a provider's endpoints. A secret is sent form-encoded in the Authorization header or in the body, never in
 * a URL; an assertion lives for a minute and has a `jti` of its own.
 * @throws {OAuthError} `invalid_option`
 * @see RFC 6749 section 2.3.1; OpenID Connect Core section 9; RFC 8705
 */
export function createClientAuthentication(provider: Provider, credential: ClientCredential): oauth.ClientAuth {
  if ('privateKey' in credential)
    return oauth.PrivateKeyJwt(privateKeyOf('credential.privateKey', credential.privateKey));
  if ('mtls' in credential) return oauth.TlsClientAuth();
  if ('none' in credential) return oauth.None();
  const { secret } = credential;
  const wanted = provider.clientAuthentication;
  if (secret === '') throw invalidOption('credential.secret', 'it is empty');
  if (wanted !== undefined && wanted !== 'client_secret_basic' && wanted !== 'client_secret_post') {
    throw invalidOption('credential', `${provider.id} takes no client secret, but ${wanted}`);
  }
  return async (server, client, body, headers) => {
    const text = typeof secret === 'string' ? secret : await secret();
    const method = secretMethod(provider, server);
    const send = method === 'client_secret_post' ? oauth.ClientSecretPost(text) : oauth.ClientSecretBasic(text);
    await send(server, client, body, headers);
  };
}

/**
 * Whether a callback is the provider's own. Every one is where the provider does not sign them.
 * @throws {OAuthError} `invalid_option` for a credential that it does not sign with
 */
export function createCallbackCheck(
  { id, isOwnCallback }: Provider,
  credential: ClientCredential,
): (parameters: URLSearchParams) => Promise<boolean> {
  if (isOwnCallback === undefined) return async () => true;
  if (!('secret' in credential))
    throw invalidOption('credential', `${id} signs its callbacks with the secret: give it`);
  const { secret } = credential;
  return async (parameters) => isOwnCallback(parameters, typeof secret === 'string' ? secret : await secret());
}
