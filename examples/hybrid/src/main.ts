import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { createPasswords } from '@portcullis/password';
import { commonPasswords } from '@portcullis/password/common-passwords';
import { createAccounts } from './accounts.js';
import { createApp } from './app.js';
import { logSecurityEvents } from './audit-log.js';
import { createAuth } from './auth.js';
import { readConfig, siteOf, StartupError } from './config.js';
import { createCredentials } from './credentials.js';
import { closeStore, openStore } from './database.js';
import { createFederation } from './federation.js';
import { openIdentityProviders } from './identity-providers.js';
import { createPosts } from './posts.js';
import { createSecondFactor } from './second-factor.js';
import { readSecrets } from './secrets.js';
import { seed } from './seed.js';
import { createUsers } from './users.js';

async function start(): Promise<void> {
  const config = readConfig(process.env);
  const { database, storage } = openStore(config.dataDir);
  const secrets = readSecrets(process.env, config.dataDir);
  // Who comes early waits for the service, which must know its port: tokens name their issuer.
  let open: (listener: RequestListener) => void = () => {};
  const opened = new Promise<RequestListener>((resolve) => (open = resolve));
  const server = createServer((request, response) => void opened.then((listener) => listener(request, response)));
  const { port } = await listen(server, config.port);

  const users = createUsers(database);
  const posts = createPosts(database);
  const passwords = createPasswords({ blocklist: commonPasswords });
  const site = siteOf(config, port);
  const auth = createAuth({ storage, users, secrets, site });
  const secondFactor = createSecondFactor({ storage, users, secrets });
  const credentials = createCredentials({ auth, users, passwords, secondFactor });
  const accounts = createAccounts({ auth, users, passwords });
  const providers = await openIdentityProviders(process.env, config, site);
  const federation = createFederation({ auth, storage, users, secrets, site, providers });
  storage.migrate();
  const app = createApp({ auth, users, posts, credentials, accounts, secondFactor, federation, site });

  const seeded = await seed({ database, users, posts, passwords, keys: auth.keys });
  for (const line of [...seeded.keys, ...seeded.logins]) console.log(line);
  logSecurityEvents(auth);
  open(getRequestListener(app.fetch));

  const stop = async (): Promise<void> => {
    await close(server);
    await Promise.all([auth.close(), providers.demo?.close()]);
    closeStore(database);
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  console.log(`ready http://127.0.0.1:${port}`);
}

async function listen(server: Server, port: number): Promise<AddressInfo> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartupError(
      `PORT: ${code === 'EADDRINUSE' ? `${port} is taken` : `cannot listen on ${port} (${code})`}`,
    );
  }
  return server.address() as AddressInfo;
}

/** Lets requests that are under way end, for three seconds. */
async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const timer = setTimeout(() => server.closeAllConnections(), 3_000);
  await closed;
  clearTimeout(timer);
}

// What this process writes is for its own user only, the files that SQLite makes by itself among them.
process.umask(0o077);
try {
  await start();
} catch (error) {
  if (!(error instanceof StartupError)) throw error;
  console.error(`hybrid: ${error.message}`);
  process.exit(1);
}
