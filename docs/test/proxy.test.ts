import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMemoryStorage } from '@portcullis/core';
import { afterEach, describe, expect, it } from 'vitest';
import { createApp } from '../snippets/guide/proxy.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A proxy as they are: it adds whom it was called by to the right end of X-Forwarded-For. `as` stands for that address. */
function proxyTo(port: number, as: string): Promise<number> {
  return listen(
    createServer((req, res) => {
      const before = req.headers['x-forwarded-for'];
      const headers = { ...req.headers, 'x-forwarded-for': [before, as].flat().filter(Boolean).join(', ') };
      const onward = request({ port, host: '127.0.0.1', path: req.url, method: req.method, headers }, (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      });
      req.pipe(onward);
    }),
  );
}

async function start(trustProxy: number | false) {
  const { app, keys } = createApp(createMemoryStorage(), trustProxy);
  return { keys, port: await listen(createServer(app)) };
}

const ask = async (port: number, headers: Record<string, string> = {}, path = '/address') =>
  (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).text();

describe('the guide on proxies', () => {
  it('counts from the right: what the client writes is not believed', async () => {
    const { port } = await start(1);
    const proxy = await proxyTo(port, '198.51.100.7');
    expect(await ask(proxy)).toBe('198.51.100.7');
    expect(await ask(proxy, { 'x-forwarded-for': '203.0.113.9' })).toBe('198.51.100.7');
    expect(await ask(proxy, { forwarded: 'for=203.0.113.9' })).toBe('198.51.100.7');
  });

  it('counts two where two stand in front', async () => {
    const { port } = await start(2);
    const inner = await proxyTo(port, '10.0.0.2');
    const outer = await proxyTo(inner, '198.51.100.7');
    expect(await ask(outer, { 'x-forwarded-for': '203.0.113.9' })).toBe('198.51.100.7');
  });

  it('without the setting every client has the address of the proxy', async () => {
    const { port } = await start(false);
    expect(await ask(await proxyTo(port, '198.51.100.7'))).toBe('127.0.0.1');
  });

  it('with one too many, or with the process in reach of others, believes what a client wrote', async () => {
    const spoofed = { 'x-forwarded-for': '203.0.113.9' };
    const two = await start(2);
    expect(await ask(await proxyTo(two.port, '198.51.100.7'), spoofed)).toBe('203.0.113.9');
    const one = await start(1);
    expect(await ask(one.port, spoofed)).toBe('203.0.113.9');
  });

  it("keeps a key's address list", async () => {
    const { keys, port } = await start(1);
    const { key } = await keys.create({ owner: 'ada', allowedAddresses: ['198.51.100.0/24'] });
    const headers = { authorization: `Bearer ${key.reveal()}` };
    expect(await ask(await proxyTo(port, '198.51.100.7'), headers, '/reports')).toBe('reports');
    expect(await ask(await proxyTo(port, '192.0.2.1'), headers, '/reports')).not.toBe('reports');
  });

  it('sets a Secure __Host- cookie though the proxy speaks plain http to it', async () => {
    const { port } = await start(1);
    const response = await fetch(`http://127.0.0.1:${await proxyTo(port, '198.51.100.7')}/sign-in`, {
      method: 'POST',
      headers: { origin: 'https://app.example.com', 'x-forwarded-proto': 'https' },
    });
    expect(response.status).toBe(204);
    expect(response.headers.getSetCookie()[0]).toMatch(/^__Host-sid=.*; Secure/);
  });
});
