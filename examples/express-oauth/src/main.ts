import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from './app.js';
import { createAuth } from './auth.js';
import { readConfig } from './config.js';
import { openData } from './data.js';

async function start(): Promise<void> {
  const config = readConfig(process.env);
  const data = openData(process.env['DATA_DIR'] || '.data');
  const server = createServer();
  server.listen(Number(process.env['PORT'] || 8080), '127.0.0.1');
  await once(server, 'listening');
  // From configuration or from what we listen on, never from a request: a Host field says what its sender likes.
  const { port } = server.address() as AddressInfo;
  const auth = createAuth(data, config, process.env['PUBLIC_URL'] || `http://127.0.0.1:${port}`);
  data.storage.migrate();
  server.on('request', createApp(auth, data));

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
