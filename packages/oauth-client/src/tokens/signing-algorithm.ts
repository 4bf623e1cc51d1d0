import { invalidOption } from '../errors.js';

const curves: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' };

/**
 * The JWS algorithm that a private key signs with.
 * @throws {OAuthError} `invalid_option` for a key that signs with none, or is not for signing
 * @see RFC 7518 section 3.1; RFC 8037
 */
export function signingAlgorithm(option: string, key: CryptoKey): string {
  const { name, namedCurve, hash } = key.algorithm as KeyAlgorithm & { namedCurve?: string; hash?: { name: string } };
  const bits = hash?.name.replace('SHA-', '');
  const found =
    name === 'ECDSA'
      ? curves[namedCurve ?? '']
      : name === 'Ed25519'
        ? 'EdDSA'
        : name === 'RSASSA-PKCS1-v1_5'
          ? `RS${bits}`
          : name === 'RSA-PSS'
            ? `PS${bits}`
            : undefined;
  if (found === undefined || key.type !== 'private' || !key.usages.includes('sign')) {
    throw invalidOption(option, 'give a private CryptoKey (EC, RSA or Ed25519) whose usages include "sign"');
  }
  return found;
}
