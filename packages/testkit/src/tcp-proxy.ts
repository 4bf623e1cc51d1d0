import { type Socket, connect, createServer } from 'node:net';

/** A TCP connection between a client and a service, that a test can break. */
export interface TcpProxy {
  readonly port: number;
  /** Resets what is open, and everything that is opened from now on. */
  cut(): void;
  /** Lets nothing through any more, without a word to either side. */
  freeze(): void;
  /** Lets new connections through again. What was frozen stays so. */
  mend(): void;
  /** Resets what is open and calls `then` at the next bytes that the service answers, in place of passing them on. */
  cutAtAnswer(then?: () => void): void;
  stop(): Promise<void>;
}

/** A proxy on a free port of 127.0.0.1 in front of `target`. */
export async function tcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  let state: 'open' | 'cut' | 'frozen' = 'open';
  let atAnswer: (() => void) | undefined;
  const sockets = new Set<Socket>();
  const reset = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };

  const server = createServer((client) => {
    if (state === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const service = connect(target.port, target.host);
    const pair = [client, service];
    const end = (): void => {
      for (const socket of pair) {
        socket.destroy();
        sockets.delete(socket);
      }
    };
    for (const socket of pair) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on('data', (bytes) => state === 'frozen' || service.write(bytes));
    service.on('data', (bytes) => {
      if (state === 'frozen') return;
      if (atAnswer === undefined) {
        client.write(bytes);
        return;
      }
      const then = atAnswer;
      atAnswer = undefined;
      reset();
      then();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  return {
    port: address.port,
    cut() {
      state = 'cut';
      reset();
    },
    freeze() {
      state = 'frozen';
    },
    mend() {
      state = 'open';
    },
    cutAtAnswer(then = () => undefined) {
      atAnswer = then;
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      state = 'cut';
      reset();
      await closed;
    },
  };
}
