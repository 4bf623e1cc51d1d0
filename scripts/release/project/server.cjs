// The same API as in server.mjs, in a program of CommonJS, on Fastify: every entry is loaded by require().
const { createApiKeys } = require('@portcullis/api-key');
const { createGuard, createMemoryStorage, createPolicy } = require('@portcullis/core');
const { fastifyGuard } = require('@portcullis/fastify');
const fastify = require('fastify');

for (const entry of require('./entries.json')) require(entry);

const policy = createPolicy({ permissions: ['posts:read', 'posts:write'], roles: { author: ['posts:*'] } });
const keys = createApiKeys({ storage: createMemoryStorage(), brand: 'acme', defaultScopes: [] });
const g = fastifyGuard(createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['author'] }));

const app = fastify();
app.addHook('onRoute', g.closed());
app.get('/posts', { onRequest: g.require('posts:read') }, () => []);
app.listen({ host: '127.0.0.1', port: 0 }).then(async (address) => {
  const ask = async (scopes) => {
    const key = scopes && (await keys.create({ owner: 'ada', scopes })).key.reveal();
    const headers = key ? { authorization: `Bearer ${key}` } : {};
    return (await fetch(`${address}/posts`, { headers })).status;
  };
  console.log(JSON.stringify([await ask(), await ask(['posts:read']), await ask(['posts:write'])]));
  process.exit();
});
