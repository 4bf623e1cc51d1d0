import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import * as oauth from 'oauth4webapi';
import type { Connection } from '../connection/connection.js';
import { OAuthError } from '../errors.js';

const remembered = new WeakMap<Connection, Map<string, JWTVerifyGetKey>>();

/** The key set that a provider signs its tokens with: fetched when first needed, and again for a key that is not in it. */
export function idTokenKeys(connection: Connection, server: oauth.AuthorizationServer): JWTVerifyGetKey {
  const { jwks_uri: url } = server;
  if (url === undefined) throw new OAuthError('provider_misbehaved', "The provider's metadata names no jwks_uri.");
  const held = remembered.get(connection) ?? new Map<string, JWTVerifyGetKey>();
  remembered.set(connection, held);
  let keys = held.get(url);
  if (keys === undefined) {
    const { [oauth.customFetch]: guarded } = connection.requestOptions();
    keys = createRemoteJWKSet(new URL(url), {
      [customFetch]: async (address, { headers, signal }) => {
        const answer = await guarded?.(address, {
          method: 'GET',
          headers: Object.fromEntries(headers),
          redirect: 'manual',
          body: undefined,
          signal,
        });
        if (answer?.status !== 200)
          throw new OAuthError('provider_unavailable', "The provider's keys were not to be had.");
        return answer;
      },
    });
    held.set(url, keys);
  }
  return keys;
}

// None, and no HMAC: the key of that is the client secret, which whoever holds the client can sign with.
const asymmetric = /^(?:RS|PS|ES)(?:256|384|512)$|^EdDSA$|^Ed25519$/;

/** The algorithms that a provider's ID and logout tokens may be signed with. */
export function idTokenAlgorithms(connection: Connection, server: oauth.AuthorizationServer): string[] {
  const named = connection.provider.idTokenAlgorithms ?? server.id_token_signing_alg_values_supported ?? ['RS256'];
  return named.filter((name) => asymmetric.test(name));
}
