const maxBytes = 65_536;

/** The fields of an urlencoded body; `undefined` when it is too long. */
export function parseForm(body: string): URLSearchParams | undefined {
  return body.length > maxBytes ? undefined : new URLSearchParams(body);
}

/** Reads an urlencoded body from a stream of bytes, up to 64 KiB. */
export async function readFormStream(stream: AsyncIterable<Uint8Array>): Promise<URLSearchParams | undefined> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const part of stream) {
    bytes += part.byteLength;
    if (bytes > maxBytes) return undefined;
    text += decoder.decode(part, { stream: true });
  }
  return parseForm(text + decoder.decode());
}

/** Reads a form of a Node request, of which a body parser that ran has left something; one that did not has left nothing. */
export async function readNodeForm(stream: object, parsed: unknown): Promise<URLSearchParams | undefined> {
  return parsed === undefined ? readFormStream(stream as AsyncIterable<Uint8Array>) : readParsedForm(parsed);
}

/**
 * The fields out of what a body parser left: text, bytes, or an object in which a repeated field is an array. `undefined` for anything that is not a
 * plain list of fields, such as the nested objects of an extended parser.
 */
export function readParsedForm(body: unknown): URLSearchParams | undefined {
  if (typeof body === 'string') return parseForm(body);
  if (body instanceof Uint8Array) return parseForm(new TextDecoder().decode(body));
  if (typeof body !== 'object' || body === null) return undefined;
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(body)) {
    for (const each of [value].flat() as unknown[]) {
      if (typeof each !== 'string') return undefined;
      form.append(name, each);
    }
  }
  return form;
}
