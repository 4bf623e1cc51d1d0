/** One positive INTEGER of a DER sequence as 32 bytes, and where it ends. */
function readInteger(der: Uint8Array, at: number): { readonly bytes: Uint8Array; readonly end: number } | undefined {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  if (der[at] !== 0x02 || length < 1 || length > 33 || end > der.length) return undefined;
  const content = der.subarray(at + 2, end);
  const [first = 0, second = 0] = content;
  // DER: not negative, and no zero byte in front but to say so.
  if (first >= 0x80 || (first === 0 && length > 1 && second < 0x80)) return undefined;
  const digits = first === 0 ? content.subarray(1) : content;
  if (digits.length > 32) return undefined;
  const bytes = new Uint8Array(32);
  bytes.set(digits, 32 - digits.length);
  return { bytes, end };
}

/**
 * A P-256 signature in DER, as OpenSSL writes it, in the form that WebCrypto takes: r then s, 32 bytes each.
 * `undefined` for anything that is not exactly one, so that a signature has one spelling.
 * @see RFC 3279 section 2.2.3
 */
export function derToRaw(der: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const r = readInteger(der, 2);
  const s = r === undefined ? undefined : readInteger(der, r.end);
  if (r === undefined || s === undefined || s.end !== der.length) return undefined;
  const raw = new Uint8Array(64);
  raw.set(r.bytes);
  raw.set(s.bytes, 32);
  return raw;
}

/** Standard base64 with padding, as `atob` takes it but nothing laxer; `undefined` for anything else. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z\d+/]+={0,2}$/.test(text)) return undefined;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
