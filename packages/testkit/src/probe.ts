import { connect, createServer } from 'node:net';

/**
 * Speaks the first words of a protocol on a local port, so that "is it there, and may we in" needs no client library.
 * `talk` gets each chunk as it arrives and answers with bytes to send, or with the verdict.
 */
function converse(
  port: number,
  hello: Buffer | undefined,
  talk: (chunk: Buffer) => Buffer | boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (verdict: boolean): void => {
      resolve(verdict);
      socket.destroy();
    };
    socket.setTimeout(2000, () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => resolve(false));
    socket.on('connect', () => hello && socket.write(hello));
    socket.on('data', (chunk) => {
      const answer = talk(chunk);
      if (typeof answer === 'boolean') end(answer);
      else socket.write(answer);
    });
  });
}

/** Whether PostgreSQL on `port` lets `user` in without a password. */
export function postgresAnswers(port: number, user: string): Promise<boolean> {
  const body = Buffer.from(`\0\x03\0\0user\0${user}\0database\0postgres\0\0`, 'latin1');
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  // 'R' with code 0 is AuthenticationOk.
  return converse(port, Buffer.concat([length, body]), (chunk) => chunk[0] === 0x52 && chunk.readInt32BE(5) === 0);
}

/** Whether MySQL or MariaDB on `port` lets `root` in with an empty password. */
export function mysqlAnswers(port: number): Promise<boolean> {
  const packet = (sequence: number, body: Buffer): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUIntLE(body.length, 0, 3);
    head[3] = sequence;
    return Buffer.concat([head, body]);
  };
  const login = Buffer.alloc(32);
  login.writeUInt32LE(0x00088200); // PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH
  login.writeUInt32LE(1 << 24, 4);
  login[8] = 45; // utf8mb4
  const user = Buffer.from('root\0\0mysql_native_password\0', 'latin1');
  let greeted = false;
  return converse(port, undefined, (chunk) => {
    const sequence = (chunk[3] ?? 0) + 1;
    if (greeted) return chunk[4] === 0xfe ? packet(sequence, Buffer.alloc(0)) : chunk[4] === 0;
    if (chunk[4] !== 10) return false;
    greeted = true;
    return packet(sequence, Buffer.concat([login, user]));
  });
}

/** Whether Redis on `port` answers PING without a password. */
export function redisAnswers(port: number): Promise<boolean> {
  return converse(port, Buffer.from('PING\r\n'), (chunk) => chunk.toString('latin1').startsWith('+PONG'));
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
