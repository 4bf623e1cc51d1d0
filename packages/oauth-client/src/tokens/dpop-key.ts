import * as oauth from 'oauth4webapi';
import type { Connection } from '../connection/connection.js';

const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** A fresh key for DPoP proofs (ES256). It can be exported, so that a vault can keep it, sealed, with the refresh token that is bound to it. */
export function createDpopKey(): Promise<CryptoKeyPair> {
  return oauth.generateKeyPair('ES256', { extractable: true });
}

/** The private JWK as text, to be sealed. */
export async function exportDpopKey({ privateKey }: CryptoKeyPair): Promise<string> {
  return JSON.stringify(await crypto.subtle.exportKey('jwk', privateKey));
}

/** What `exportDpopKey` gave, as a key again. */
export async function importDpopKey(text: string): Promise<CryptoKeyPair> {
  const { kty, crv, x, y, d } = JSON.parse(text) as JsonWebKey;
  const half = { kty, crv, x, y } as JsonWebKey;
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey('jwk', { ...half, d } as JsonWebKey, curve, true, ['sign']),
    crypto.subtle.importKey('jwk', half, curve, true, ['verify']),
  ]);
  return { privateKey, publicKey };
}

/**
 * The same client at the same provider, with its tokens bound to a key of their own in place of the registration's: one for each user of a public client,
 * whose refresh tokens are then of use to nobody who has not the key.
 * @see RFC 9449 section 5
 */
export function bindConnection(connection: Connection, key: CryptoKeyPair): Connection {
  const { client, clock } = connection;
  const dpop = oauth.DPoP(client, key, {
    // The handle reads the clock's skew once, and this one lives for long.
    [oauth.modifyAssertion]: (_header, payload) => {
      payload['iat'] = Math.floor(clock() / 1000);
    },
  });
  return Object.freeze({ ...connection, dpop });
}
