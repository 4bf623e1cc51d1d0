import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { describe, expect, it } from 'vitest';
import { webGuard } from '../src/index.js';
import { createTestGuard } from './test-guard.js';

type Fetch = (request: Request, ...rest: unknown[]) => Promise<Response>;

interface Running {
  readonly port: number;
  stop(): Promise<unknown>;
}

interface Runtime {
  readonly Bun?: { serve(options: object): { readonly port: number; stop(now: boolean): Promise<void> } };
  readonly Deno?: {
    serve(options: object, handler: Fetch): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
  };
}

/** The runtime's own server, with what it calls a handler with. */
async function serve(fetch: Fetch): Promise<Running> {
  const { Bun, Deno } = globalThis as Runtime;
  if (Bun !== undefined) {
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch });
    return { port: server.port, stop: () => server.stop(true) };
  }
  if (Deno !== undefined) {
    const server = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen: () => undefined }, fetch);
    return { port: server.addr.port, stop: () => server.shutdown() };
  }
  const server = createServer((req, res) => void getRequestListener((request, env) => fetch(request, env))(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): Promise<unknown> => new Promise((resolve) => server.close(resolve));
  return { port: (server.address() as AddressInfo).port, stop };
}

describe("the runtime's own server", () => {
  const g = webGuard(createTestGuard().guard);
  const guarded = g.authenticated()(({ auth, request }, _request: Request, second: unknown) => {
    g.exchange(request).response.append('set-cookie', 'sid=1');
    g.exchange(request).response.append('set-cookie', 'csrf=2');
    return Response.json([auth.principal.id, typeof second]);
  });

  it.each<[string, Fetch]>([
    ['a guarded handler', guarded],
    ['a route table', g.fetch({ 'GET /posts': guarded })],
  ])('calls %s with the request and what it has beside it', async (_what, fetch) => {
    // Deno.serve reads it, and hands over no request to a handler that asks for nothing.
    expect(fetch).toHaveLength(2);
    const { port, stop } = await serve(fetch);
    try {
      const url = `http://127.0.0.1:${port}/posts`;
      const refused = await globalThis.fetch(url);
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="api"']);
      expect((await refused.json()).code).toBe('credential_missing');
      const answer = await globalThis.fetch(url, { headers: { authorization: 'Bearer ada' } });
      expect(await answer.json()).toEqual(['ada', 'object']);
      expect(answer.headers.getSetCookie()).toEqual(['sid=1', 'csrf=2']);
    } finally {
      await stop();
    }
  });
});
