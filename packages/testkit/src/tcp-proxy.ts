import { type Socket, connect, createServer } from 'node:net';

/** A TCP connection between a client and a service, that a test can break. */
export interface TcpProxy {
  readonly port: number;
  /** Resets what is open, and everything that is opened from now on. */
  cut(): void;
  /** Lets nothing through any more, without a word to either side. */
  freeze(): void;
  /** Keeps what is sent, either way, until `resume`. */
  pause(): void;
  /** Passes on what was kept, and lets everything through again. */
  resume(): void;
  /** Lets new connections through again. What was frozen stays so. */
  mend(): void;
  /** Resets what is open and calls `then` at the next bytes that the service answers, in place of passing them on. */
  cutAtAnswer(then?: () => void): void;
  /** Lets bytes through `ms` later than they came, either way; 0 again for at once. */
  delay(ms: number): void;
  /** Where new connections go from now on, as a name does that was given to another server. Resets what is open. */
  retarget(target: Target): void;
  stop(): Promise<void>;
}

/** Where a proxy leads. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** A proxy on a free port of 127.0.0.1 in front of `first`. */
export async function tcpProxy(first: Target): Promise<TcpProxy> {
  let target = first;
  let delayMs = 0;
  let state: 'open' | 'cut' | 'frozen' | 'paused' = 'open';
  let atAnswer: (() => void) | undefined;
  const sockets = new Set<Socket>();
  const due = new WeakMap<Socket, number>();
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
      if (state === 'paused') socket.pause();
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    const pass = (bytes: Buffer, to: Socket): void => {
      const now = performance.now();
      // Never before what came earlier, also where the delay has become less meanwhile.
      const at = Math.max(now + delayMs, due.get(to) ?? 0);
      if (at <= now) {
        to.write(bytes);
        return;
      }
      due.set(to, at);
      setTimeout(() => to.destroyed || to.write(bytes), at - now);
    };
    client.on('data', (bytes) => state === 'frozen' || pass(bytes, service));
    service.on('data', (bytes) => {
      if (state === 'frozen') return;
      if (atAnswer === undefined) {
        pass(bytes, client);
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
    pause() {
      state = 'paused';
      for (const socket of sockets) socket.pause();
    },
    resume() {
      state = 'open';
      for (const socket of sockets) socket.resume();
    },
    mend() {
      state = 'open';
    },
    cutAtAnswer(then = () => undefined) {
      atAnswer = then;
    },
    delay(ms) {
      delayMs = ms;
    },
    retarget(next) {
      target = next;
      reset();
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      state = 'cut';
      reset();
      await closed;
    },
  };
}
