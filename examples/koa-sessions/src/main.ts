import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from './app.js';
import { createAuth } from './auth.js';
import { openData, seed } from './data.js';

async function start(): Promise<void> {
  const data = openData(process.env['DATA_DIR'] || '.data');
  const login = await seed(data);
  if (login !== undefined) console.log(login);

  const server = createServer();
  server.listen(Number(process.env['PORT'] || 8080), '127.0.0.1');
  await once(server, 'listening');
  // From configuration or from what we listen on, never from a request: a Host field says what its sender likes.
  const { port } = server.address() as AddressInfo;
  const { PUBLIC_URL } = process.env;
  const origins = PUBLIC_URL ? [PUBLIC_URL] : [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
  const auth = createAuth(data, origins);
  data.storage.migrate();
  server.on('request', createApp(auth));

  const stop = (): void => {
    server.close(() => void auth.sessions.close().then(() => data.database.close()));
    // Requests that are under way may end, for three seconds.
    setTimeout(() => server.closeAllConnections(), 3_000).unref();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  console.log(`ready http://127.0.0.1:${port}`);
}

// What this process writes is for its own user only, the files that SQLite makes by itself among them.
process.umask(0o077);
try {
  await start();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
