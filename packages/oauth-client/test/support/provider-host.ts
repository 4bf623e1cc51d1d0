// A process of Node that runs certified providers for tests in a runtime that cannot: `scripts/runtimes.mjs` starts it.
// It prints its address, and ends when its standard input does.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { exportJWK } from 'jose';
import { certifiedProvider, startLocalTokenProvider } from './local-token-provider.js';
import type { StartedProvider, TokenProvider } from './providers.js';

const started = new Map<string, StartedProvider | TokenProvider>();
let ids = 0;

async function answer([first = '', action]: readonly string[], input: never): Promise<unknown> {
  const { clients, userCode } = input as { readonly clients: []; readonly userCode: string };
  // Before anything is awaited: two may start at once.
  const id = String(ids++);
  if (first === 'sign-in') {
    const provider = await certifiedProvider(() => clients);
    started.set(id, provider);
    return { id, issuer: provider.issuer };
  }
  if (first === 'tokens') {
    const provider = await startLocalTokenProvider(input);
    started.set(id, provider);
    return { id, issuer: provider.issuer, signingKey: await exportJWK(provider.signingKey) };
  }
  const provider = started.get(first) as TokenProvider;
  if (action === 'seen') return provider.seen();
  if (action === 'approve') await provider.approve(userCode);
  else if (action === 'decline') await provider.decline(userCode);
  else if (action === 'close') await provider.close();
  else throw new Error(`no such action: ${action}`);
  return {};
}

const server = createServer((request, response) => {
  text(request)
    .then((body) => answer((request.url ?? '').split('/').slice(1), JSON.parse(body) as never))
    .then(
      (value) => response.end(JSON.stringify(value)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
});
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.stdin.resume().on('end', () => process.exit());
