import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from './app.js';
import { createAuth } from './auth.js';

async function start(): Promise<void> {
  const issuer = process.env['ISSUER'] || 'http://127.0.0.1:8080';
  const auth = createAuth({ issuer, audience: process.env['AUDIENCE'] || issuer });
  const server = createServer(createApp(auth));
  server.listen(Number(process.env['PORT'] || 8081), '127.0.0.1');
  await once(server, 'listening');

  const stop = (): void => {
    server.close(() => auth.verifier.close());
    // Requests that are under way may end, for three seconds.
    setTimeout(() => server.closeAllConnections(), 3_000).unref();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  // Keys at hand are keys that an outage cannot take away. It starts without them too, and answers 503 until they come.
  await auth.verifier.ready().catch(() => console.error(`The keys of ${issuer} could not be fetched yet.`));
  console.log(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

try {
  await start();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
