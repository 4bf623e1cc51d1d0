const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

let values: Uint8Array | undefined;

// Filled on first use, so that importing the module costs nothing.
function table(): Uint8Array {
  if (values === undefined) {
    values = new Uint8Array(128).fill(255);
    for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i;
  }
  return values;
}

/**
 * Bytes as base64url without padding.
 * @see RFC 4648 section 5
 */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += alphabet.charAt(group >> 18) + alphabet.charAt((group >> 12) & 63);
    if (left > 1) text += alphabet.charAt((group >> 6) & 63);
    if (left > 2) text += alphabet.charAt(group & 63);
  }
  return text;
}

/**
 * The bytes of a base64url string, or `undefined` when it is not exactly what `encodeBase64url` would write:
 * padding, another alphabet, white space, an impossible length and set bits after the last byte are all refused,
 * so that one value has one spelling.
 * @see RFC 4648 section 3.5
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const { length } = text;
  if (length % 4 === 1) return undefined;
  const lookup = table();
  const bytes = new Uint8Array((length * 3) >> 2);
  let buffer = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < length; i++) {
    const value = lookup[text.charCodeAt(i)] ?? 255;
    if (value === 255) return undefined;
    buffer = ((buffer << 6) | value) & 0x3fff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = buffer >> bits;
    }
  }
  return (buffer & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}
