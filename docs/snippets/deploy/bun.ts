import { Database } from 'bun:sqlite';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import { createApp } from './app.js';

const database = new Database(process.env['DATABASE'] ?? 'auth.db');
const storage = createSqliteStorage(database);
const { fetch, keys } = createApp(
  storage,
  (request, server) => (server as BunServer).requestIP(request as Request)?.address,
);
storage.migrate();

const server = Bun.serve({ port: Number(process.env['PORT'] ?? 3000), fetch });
console.log(`ready ${server.port}`);
process.once('SIGTERM', async () => {
  await server.stop();
  await keys.close(); // writes what is still in memory
  database.close();
});
