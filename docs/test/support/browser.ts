import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

type Send = (path: string, init: RequestInit) => Promise<Response> | Response;

/** A browser of one origin: it keeps what Set-Cookie says, sends it back, and adds what browsers add. */
export class Browser {
  readonly jar: Map<string, string>;

  constructor(
    private readonly send: Send,
    private readonly origin: string,
    jar: Iterable<[string, string]> = [],
  ) {
    this.jar = new Map(jar);
  }

  /** Another browser with the same cookies, as a thief would have it; or the same one on another server. */
  copy(send = this.send): Browser {
    return new Browser(send, this.origin, this.jar);
  }

  async ask(path: string, method = 'GET', body?: object, headers: Record<string, string> = {}): Promise<Response> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await this.send(path, {
      method,
      redirect: 'manual',
      headers: {
        ...(cookie !== '' && { cookie }),
        ...(method !== 'GET' && { origin: this.origin }),
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    for (const field of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(field) ?? [];
      const expires = /expires=([^;]*)/i.exec(field)?.[1];
      const gone = /max-age=0/i.test(field) || (expires !== undefined && Date.parse(expires) < 86_400_000);
      if (gone) this.jar.delete(name);
      else this.jar.set(name, value);
    }
    return response;
  }

  async status(path: string, method = 'GET', body?: object): Promise<number> {
    return (await this.ask(path, method, body)).status;
  }

  async json(path: string): Promise<unknown> {
    const response = await this.ask(path);
    return response.status === 200 ? ((await response.json()) as unknown) : response.status;
  }
}

const servers = new Set<ReturnType<typeof createServer>>();

/** Serves an Express app on a port of its own. `closeServers` in `afterEach`. */
export async function serve(app: RequestListener): Promise<Send> {
  const server = createServer(app);
  servers.add(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init);
}

export async function closeServers(): Promise<void> {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  servers.clear();
}
