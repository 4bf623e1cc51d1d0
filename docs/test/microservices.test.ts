import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { createMemoryStorage, random } from '@portcullis/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIssuer, createPosts } from '../snippets/guide/microservices.js';

describe('the guide on microservices', () => {
  let issuer: ReturnType<typeof createIssuer>;
  let posts: ReturnType<typeof createPosts>;
  const server = createServer((req, res) => void getRequestListener((request) => issuer.app.fetch(request))(req, res));

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    issuer = createIssuer({
      url,
      storage: createMemoryStorage(),
      secrets: {
        sealing: { current: 's1', keys: { s1: random(32) } },
        refresh: { current: 'r1', keys: { r1: random(32) } },
      },
    });
    posts = createPosts(url, { dangerouslyAllowPrivateNetwork: true });
  });
  afterAll(() => {
    posts.verifier.close();
    server.close();
  });

  const read = (token: string) => posts.app.request('/posts', { headers: { authorization: `Bearer ${token}` } });
  const userToken = async (service: string, scope = ['posts:read']) => {
    const issued = await issuer.issuers.get(service)?.issue({ subject: 'ada', clientId: 'web', scope });
    return issued?.reveal().access_token ?? '';
  };

  it('takes a token that is for this service, with the keys that the issuer publishes', async () => {
    const response = await read(await userToken('posts'));
    expect([response.status, await response.json()]).toEqual([200, { reader: 'ada' }]);
  });

  it('refuses one for another service, and one whose scope leaves it out', async () => {
    expect((await read(await userToken('billing'))).status).toBe(401);
    expect((await read(await userToken('posts', ['mail:read']))).status).toBe(403);
  });

  it('gives a service a token of its own for each service that its key names', async () => {
    const { key } = await issuer.programs.create({ owner: 'orders', scopes: ['call:posts'] });
    const ask = (service: string) =>
      issuer.app.request(`/token/${service}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key.reveal()}` },
      });
    const { access_token } = (await (await ask('posts')).json()) as { access_token: string };
    expect(await (await read(access_token)).json()).toEqual({ reader: 'client:orders' });
    expect((await ask('billing')).status).toBe(403);
  });

  it('goes on while the issuer is down', async () => {
    const token = await userToken('posts');
    expect((await read(token)).status).toBe(200);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect((await read(await userToken('posts'))).status).toBe(200);
  });
});
