import type { Clock } from '@portcullis/core';
import * as oauth from 'oauth4webapi';
import type { Connection } from '../connection.js';

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

/** Signs proofs with a key, and remembers the nonces that servers ask for. @see RFC 9449 sections 4 and 8 */
export function createDpop(
  { client }: Connection,
  { key, clock }: { key: CryptoKeyPair; clock: Clock },
): oauth.DPoPHandle {
  return oauth.DPoP(client, key, {
    // The handle reads the clock's skew once, and this one lives for long.
    [oauth.modifyAssertion]: (_header, payload) => {
      payload['iat'] = Math.floor(clock() / 1000);
    },
  });
}
