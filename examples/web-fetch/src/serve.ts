import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';

type Fetch = (request: Request) => Promise<Response>;

/** A server that listens on 127.0.0.1. */
export interface Serving {
  readonly port: number;
  /** Requests that are under way may end, for three seconds. */
  stop(): Promise<unknown>;
}

interface Runtime {
  readonly Bun?: {
    serve(options: object): { readonly port: number; stop(closeActive?: boolean): Promise<void> };
  };
  readonly Deno?: {
    serve(options: object, fetch: Fetch): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
  };
}

const hostname = '127.0.0.1';

/** A fetch handler behind the server of whatever runs it: all that differs between runtimes is in this file. */
export async function serve(fetch: Fetch, port: number): Promise<Serving> {
  const { Bun, Deno } = globalThis as Runtime;
  if (Bun !== undefined) {
    const server = Bun.serve({ hostname, port, fetch });
    return { port: server.port, stop: () => Promise.race([server.stop(), later(() => server.stop(true))]) };
  }
  if (Deno !== undefined) {
    const server = Deno.serve({ hostname, port, onListen: () => undefined }, fetch);
    return { port: server.addr.port, stop: () => Promise.race([server.shutdown(), later()]) };
  }
  const server = createServer(getRequestListener(fetch));
  server.listen(port, hostname);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.close();
      return Promise.race([once(server, 'close'), later(() => server.closeAllConnections())]);
    },
  };
}

function later(act: () => unknown = () => undefined): Promise<unknown> {
  return new Promise((resolve) => setTimeout(() => resolve(act()), 3_000).unref());
}
