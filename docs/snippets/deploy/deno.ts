import { DatabaseSync } from 'node:sqlite';
import process from 'node:process';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import { createApp } from './app.js';

const database = new DatabaseSync(process.env['DATABASE'] ?? 'auth.db');
const storage = createSqliteStorage(database);
const { fetch, keys } = createApp(storage, (_request, info) => (info as DenoServeInfo).remoteAddr.hostname);
storage.migrate();

const server = Deno.serve(
  { port: Number(process.env['PORT'] ?? 3000), onListen: ({ port }) => console.log(`ready ${port}`) },
  fetch,
);
process.once('SIGTERM', async () => {
  await server.shutdown();
  await keys.close(); // writes what is still in memory
  database.close();
});
