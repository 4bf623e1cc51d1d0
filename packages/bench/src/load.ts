import { connect } from 'node:net';

/** Where to send requests, and what with. */
export interface Target {
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
}

function requestOf(headers: Target['headers']): Buffer {
  const fields = Object.entries({ host: '127.0.0.1', ...headers });
  return Buffer.from(`GET / HTTP/1.1\r\n${fields.map((field) => `${field.join(': ')}\r\n`).join('')}\r\n`, 'latin1');
}

/** One answer as it stands on the wire, for as long as its Content-Length says. */
export function answerOf({ port, headers }: Target): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(requestOf(headers)));
    let text = '';
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const body = text.indexOf('\r\n\r\n') + 4;
      const [, length] = /^content-length: (\d+)\r$/im.exec(text) ?? [];
      if (body > 3 && length !== undefined && text.length === body + Number(length)) {
        socket.destroy();
        resolve(text);
      }
    });
  });
}

/**
 * 64 connections with one request under way on each, for `seconds`; answers how many were answered. It counts bytes and
 * parses nothing, so that the server is what is busy: a slower client would leave it idle between requests, and waking
 * up costs more than what is to be measured.
 */
export async function load(target: Target, length: number, seconds: number): Promise<number> {
  const request = requestOf(target.headers);
  const until = performance.now() + seconds * 1000;
  let count = 0;
  const connection = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let received = 0;
      const socket = connect({ port: target.port, host: '127.0.0.1', noDelay: true }, () => socket.write(request));
      socket.on('error', reject);
      socket.on('close', () => resolve());
      socket.on('data', (chunk) => {
        received += chunk.length;
        if (received > length) reject(new Error('An answer is longer than the good one.'));
        if (received < length) return;
        received = 0;
        count += 1;
        if (performance.now() < until) socket.write(request);
        else socket.destroy();
      });
    });
  await Promise.all(Array.from({ length: 64 }, connection));
  return count;
}
