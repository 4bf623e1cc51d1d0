const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * Bytes as base32 without padding, as authenticator apps take it.
 * @see RFC 4648 section 6
 */
export function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet.charAt((value >> bits) & 31);
    }
  }
  return bits === 0 ? text : text + alphabet.charAt((value << (5 - bits)) & 31);
}

/** The bytes, without regard to case, spaces and padding; `undefined` for any other character. */
export function decodeBase32(text: string): Uint8Array | undefined {
  const clean = text.replace(/[ =]/g, '').toUpperCase();
  const bytes = new Uint8Array((clean.length * 5) >> 3);
  let bits = 0;
  let value = 0;
  let at = 0;
  for (const character of clean) {
    const digit = alphabet.indexOf(character);
    if (digit < 0) return undefined;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (value >> bits) & 255;
    }
  }
  return bytes;
}
