import { connect } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  /** 0 when the server closed without an answer. */
  readonly status: number;
  /** Header fields in order, names as sent. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Every value of a field, by its name in any letter case. */
  all(name: string): readonly string[];
}

/** What to send. */
export interface RawRequest {
  readonly method?: string;
  /** The request target, byte for byte. Default `/`. */
  readonly target?: string;
  /** Header lines, byte for byte (latin1), without their line ends. */
  readonly lines?: readonly string[];
  readonly body?: string;
}

function unchunk(text: string): string {
  let body = '';
  for (let rest = text; ; ) {
    const end = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, end), 16);
    if (end < 0 || !(size > 0)) return body;
    body += rest.slice(end + 2, end + 2 + size);
    rest = rest.slice(end + 4 + size);
  }
}

function parse(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = (end < 0 ? text : text.slice(0, end)).split('\r\n');
  const fields = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  const all = (name: string): readonly string[] =>
    fields.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  const payload = end < 0 ? '' : text.slice(end + 4);
  const body = all('transfer-encoding').includes('chunked') ? unchunk(payload) : payload;
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0), fields, body, all };
}

/** Sends one request over a socket of its own, so that no client mends or merges what is sent, and reads to the end. */
export function sendRaw(port: number, request: RawRequest): Promise<RawAnswer> {
  const { method = 'GET', target = '/', lines = [], body } = request;
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const head = [`${method} ${target} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...length, ...lines];
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(parse(Buffer.concat(chunks).toString('latin1'))));
    socket.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n${body ?? ''}`, 'latin1'));
  });
}
