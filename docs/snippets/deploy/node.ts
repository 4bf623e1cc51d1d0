import type { IncomingMessage } from 'node:http';
import { serve } from '@hono/node-server';
import { createSqliteStorage } from '@portcullis/storage-sqlite';
import Database from 'libsql';
import { createApp } from './app.js';

const database = new Database(process.env['DATABASE'] ?? 'auth.db');
const storage = createSqliteStorage(database);
const { fetch, keys } = createApp(
  storage,
  (_request, server) => (server as { readonly incoming: IncomingMessage }).incoming.socket.remoteAddress,
);
storage.migrate();

const server = serve({ fetch, port: Number(process.env['PORT'] ?? 3000) }, ({ port }) => console.log(`ready ${port}`));
process.once('SIGTERM', () => {
  server.close(async () => {
    await keys.close(); // writes what is still in memory
    database.close();
  });
});
