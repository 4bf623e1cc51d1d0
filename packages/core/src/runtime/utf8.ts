const encoder = /* @__PURE__ */ new TextEncoder();

/** The UTF-8 bytes of a string; a lone surrogate becomes U+FFFD. Bytes are returned as they are. */
export function utf8(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? encoder.encode(data) : data;
}

/** Writes the UTF-8 bytes of `text` into `target`, which must have room for three bytes a UTF-16 unit; the number of bytes. */
export function writeUtf8(text: string, target: Uint8Array): number {
  return encoder.encodeInto(text, target).written;
}
