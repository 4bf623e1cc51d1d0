import { createApp } from './app.js';
import { createAuth } from './auth.js';
import { openData, seed } from './data.js';
import { serve } from './serve.js';

async function start(): Promise<void> {
  const data = openData(process.env['DATA_DIR'] || '.data');
  const auth = createAuth(data.storage);
  data.storage.migrate();
  for (const [user, plaintext] of await seed(data, auth.keys)) console.log(`key ${user} ${plaintext}`);

  const server = await serve(createApp(auth, data.posts), Number(process.env['PORT'] || 8080));
  const stop = async (): Promise<void> => {
    await server.stop();
    await auth.keys.close();
    data.database.close();
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  console.log(`ready http://127.0.0.1:${server.port}`);
}

// What this process writes is for its own user only, the files that SQLite makes by itself among them.
process.umask(0o077);
try {
  await start();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
