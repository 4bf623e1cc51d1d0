import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from './app.js';
import { createAuth } from './auth.js';
import { openData, seed } from './data.js';

async function start(): Promise<void> {
  const data = openData(process.env['DATA_DIR'] || '.data');
  const auth = createAuth(data.storage);
  data.storage.migrate();
  for (const [user, plaintext] of await seed(data, auth.keys)) console.log(`key ${user} ${plaintext}`);

  const server = createServer(createApp(auth, data.posts));
  server.listen(Number(process.env['PORT'] || 8080), '127.0.0.1');
  await once(server, 'listening');

  const stop = (): void => {
    server.close(() => void auth.keys.close().then(() => data.database.close()));
    // Requests that are under way may end, for three seconds.
    setTimeout(() => server.closeAllConnections(), 3_000).unref();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  console.log(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

// What this process writes is for its own user only, the files that SQLite makes by itself among them.
process.umask(0o077);
try {
  await start();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
