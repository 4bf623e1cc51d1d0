import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomToken } from '@portcullis/core';
import { createApp } from './app.js';
import { createAuth } from './auth.js';
import { openData, seed } from './data.js';
import { readProviderKeys } from './provider-keys.js';

async function start(): Promise<void> {
  const dataDir = process.env['DATA_DIR'] || '.data';
  const data = openData(dataDir);
  const login = await seed(data);
  if (login !== undefined) console.log(login);

  const server = createServer();
  server.listen(Number(process.env['PORT'] || 8090), '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer = process.env['PUBLIC_URL'] || `http://127.0.0.1:${port}`;
  const audience = `${issuer}/api`;
  // One client, from the environment. A product keeps those that developers register in its database.
  const clientSecret = process.env['CLIENT_SECRET'] || randomToken();
  if (!process.env['CLIENT_SECRET']) console.log(`client app ${clientSecret}`);
  const clients = [
    {
      client_id: 'app',
      client_name: 'The example app',
      client_secret: clientSecret,
      redirect_uris: [process.env['REDIRECT_URI'] || 'http://127.0.0.1:8080/auth/yourservice/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
    },
  ];
  const auth = createAuth(data, { issuer, audience });
  const app = createApp({ auth, data, keys: await readProviderKeys(dataDir), issuer, audience, clients });
  data.storage.migrate();
  server.on('request', app);

  const stop = (): void => {
    auth.verifier.close();
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
