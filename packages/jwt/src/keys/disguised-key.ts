import { utf8 } from '@portcullis/core';

/** Whether bytes are a DER SEQUENCE that holds an RSA public key (PKCS #1) or names a key's algorithm (SPKI). */
function isDerKey(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x30) return false;
  const long = (bytes[1] ?? 0) & 0x80 ? (bytes[1] as number) & 0x7f : 0;
  if (long > 2) return false;
  let length = long === 0 ? (bytes[1] ?? 0) : 0;
  for (let i = 0; i < long; i++) length = (length << 8) | (bytes[2 + i] ?? 0);
  const at = 2 + long;
  if (length !== bytes.length - at) return false;
  const spki = bytes[at] === 0x30 && bytes[at + 2] === 0x06;
  const pkcs1 = bytes[at] === 0x02 && (bytes[at + 1] ?? 0) > 0x80;
  return spki || pkcs1;
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text.replace(/\s/g, '').replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/**
 * Whether what was given as an HMAC secret is really a public key or certificate: PEM, JWK, DER, or DER in base64.
 * Everybody knows a public key, so a verifier that took it for a secret would accept anyone's tokens.
 * @see RFC 8725 section 2.1
 */
export function isDisguisedKey(secret: Uint8Array | string): boolean {
  const bytes = utf8(secret);
  if (isDerKey(bytes)) return true;
  const text = new TextDecoder().decode(bytes).trim();
  if (text.includes('-----BEGIN ') || /^(?:ssh-|ecdsa-)\S+ AAAA/.test(text)) return true;
  if (text.startsWith('{') && /"(?:kty|keys)"\s*:/.test(text)) return true;
  const decoded = fromBase64(text);
  return decoded !== undefined && isDerKey(decoded);
}
