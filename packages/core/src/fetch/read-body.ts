/** A body's bytes, or `undefined` as soon as there are more than `maxBytes`: the rest is not read. */
export async function readLimited(
  { headers, body }: Pick<Request, 'headers' | 'body'>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (Number(headers.get('content-length') ?? 0) > maxBytes) return undefined;
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = body?.getReader();
  // Counted as they come: a length that is stated is only a claim, and compression hides the true one.
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    length += part.value.byteLength;
    if (length > maxBytes) {
      await reader?.cancel();
      return undefined;
    }
    parts.push(part.value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/**
 * The bytes of an answer.
 * @throws Error when there are more than `maxBytes`
 */
export async function readBody(response: Response, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readLimited(response, maxBytes);
  if (bytes === undefined) throw new Error(`The answer has more than ${maxBytes} bytes.`);
  return bytes;
}
