// An API behind a guard as a user of the published packages writes it: loads every entry by import, serves, and asks
// itself without a key, with one that may and with one that may not. It prints what it was answered.
import { readFileSync } from 'node:fs';
import { createApiKeys } from '@portcullis/api-key';
import { createGuard, createMemoryStorage, createPolicy } from '@portcullis/core';
import { expressGuard } from '@portcullis/express';
import express from 'express';

for (const entry of JSON.parse(readFileSync(new URL('entries.json', import.meta.url), 'utf8'))) await import(entry);

const policy = createPolicy({ permissions: ['posts:read', 'posts:write'], roles: { author: ['posts:*'] } });
const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: [] });
const g = expressGuard(createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['author'] }));

const app = express();
app.use(g.closed());
app.get('/posts', g.require('posts:read'), (_req, res) => res.json([]));
const server = app.listen(0, '127.0.0.1', async () => {
  const ask = async (scopes) => {
    const key = scopes && (await keys.create({ owner: 'ada', scopes })).key.reveal();
    const headers = key ? { authorization: `Bearer ${key}` } : {};
    return (await fetch(`http://127.0.0.1:${server.address().port}/posts`, { headers })).status;
  };
  console.log(JSON.stringify([await ask(), await ask(['posts:read']), await ask(['posts:write'])]));
  process.exit();
});
