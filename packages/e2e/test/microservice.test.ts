import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { createMemoryStorage, random } from '@portcullis/core';
import {
  createJwksHandler,
  createSigningKeys,
  createTokenIssuer,
  type RotatingSigningKeys,
  type TokenIssuerOptions,
} from '@portcullis/jwt';
import { requirement } from '@portcullis-internal/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasShell, walkReadme } from './readme-walk.js';
import { type RunningExample, startExample, starting } from './start-example.js';

type Changes = Partial<Pick<TokenIssuerOptions, 'issuer' | 'audience' | 'clock' | 'keys'>> & {
  readonly scope?: readonly string[];
};

/** An issuer whose key set can be taken off the network. Its tokens can be made all the same. */
interface Issuer {
  readonly url: string;
  readonly keys: RotatingSigningKeys;
  token(changes?: Changes): Promise<string>;
  tokenForClient(): Promise<string>;
  stop(): Promise<void>;
}

async function createIssuer(): Promise<Issuer> {
  const storage = createMemoryStorage();
  const encryptionKeys = { current: 'a', keys: { a: random(32) } };
  const keys = createSigningKeys({ storage, encryptionKeys });
  const server: Server = createServer(getRequestListener(createJwksHandler(keys)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tokensOf = (changes: Omit<Changes, 'scope'> = {}) =>
    createTokenIssuer({
      issuer: url,
      audience: url,
      keys,
      storage,
      refresh: { keys: { current: 'r', keys: { r: random(32) } } },
      ...changes,
    });
  return {
    url,
    keys,
    async token({ scope = ['posts:read'], ...changes } = {}) {
      const issued = await tokensOf(changes).issue({ subject: 'ada', clientId: 'app', scope });
      return issued.accessToken.reveal();
    },
    async tokenForClient() {
      const issued = await tokensOf().issueForClient({ clientId: 'job', scope: ['posts:read'] });
      return issued.accessToken.reveal();
    },
    async stop() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

describe('examples/microservice', { timeout: starting }, () => {
  let issuer: Issuer;
  let service: RunningExample;
  beforeAll(async () => {
    issuer = await createIssuer();
    service = await startExample('microservice', { ISSUER: issuer.url, AUDIENCE: '' });
  }, starting);
  afterAll(async () => {
    await issuer.stop();
    await service.stop();
  }, starting);
  const reports = (token?: string): Promise<Answer> => reportsOf(service, token);

  it(`knows who calls by the issuer's public keys alone, and asks its own policy ${requirement('C12')}`, async () => {
    expect((await fetch(`${service.url}/health`)).status).toBe(200);

    const { status, body } = await reports(await issuer.token());
    expect([status, body['reader']]).toEqual([200, 'ada']);
    expect((await reports(await issuer.token({ scope: ['reports:read'] }))).status).toBe(200);

    const nobody = await reports();
    expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="api"']);

    const short = await reports(await issuer.token({ scope: ['posts:create'] }));
    expect([short.status, short.body['code']]).toEqual([403, 'insufficient_scope']);
    expect(short.headers.get('www-authenticate')).toContain('error="insufficient_scope"');

    // The scope is there, but an application for itself has no role here.
    const job = await reports(await issuer.tokenForClient());
    expect([job.status, job.body['code']]).toEqual([403, 'permission_denied']);
  });

  it('refuses tokens that are not good here, with 401', async () => {
    const good = await issuer.token();
    const [header = '', payload = '', signature = ''] = good.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const root = Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url');
    const anHourAgo = Date.now() - 3_600_000;
    const bad = {
      'another subject': `${header}.${root}.${signature}`,
      'another signature': `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
      expired: await issuer.token({ clock: () => anHourAgo }),
      'another audience': await issuer.token({ audience: 'https://elsewhere.example.org' }),
      'another issuer': await issuer.token({ issuer: 'https://elsewhere.example.org' }),
    };
    for (const [name, token] of Object.entries(bad)) {
      const { status, headers } = await reports(token);
      expect([name, status]).toEqual([name, 401]);
      expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
    }
    expect((await reports(good)).status).toBe(200);
  });

  it('goes on while the issuer changes its key, with tokens of either', async () => {
    const before = await issuer.token();
    expect((await reports(before)).status).toBe(200);
    // At once: not announced by an overlap, so that the new key is one that this service has never seen.
    await issuer.keys.rotate({ immediately: true });
    const after = await issuer.token();
    expect(kidOf(after)).not.toBe(kidOf(before));
    expect((await reports(after)).status).toBe(200);
    expect((await reports(before)).status).toBe(200);
  });
});

describe('examples/microservice without its issuer', { timeout: 2 * starting }, () => {
  let issuer: Issuer;
  let service: RunningExample | undefined;
  beforeEach(async () => {
    issuer = await createIssuer();
  });
  afterEach(async () => {
    await issuer.stop();
    await service?.stop();
    service = undefined;
  });

  it('goes on while the issuer is stopped, and says 503 of what only the issuer could tell', async () => {
    const running = await startExample('microservice', { ISSUER: issuer.url, AUDIENCE: '' });
    service = running;
    const reports = (token: string): Promise<Answer> => reportsOf(running, token);
    const seen = await issuer.token();
    expect((await reports(seen)).status).toBe(200);
    await issuer.stop();
    expect((await reports(seen)).status).toBe(200);
    // One that it has never seen: no cache answers for it.
    const unseen = await issuer.token();
    expect((await reports(unseen)).status).toBe(200);

    await issuer.keys.rotate({ immediately: true });
    const unknownKey = await issuer.token();
    expect(kidOf(unknownKey)).not.toBe(kidOf(seen));
    for (const _ of [1, 2]) {
      const { status, headers, body } = await reports(unknownKey);
      expect([status, body['code']]).toEqual([503, 'unavailable']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }

    // A key that is at hand still tells right from wrong.
    const [header = '', payload = ''] = unseen.split('.');
    const forged = await reports(`${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`);
    expect(forged.status).toBe(401);
    expect((await reports(unseen)).status).toBe(200);
    expect(await running.stop()).toBe(0);
  });

  it('starts while the issuer is stopped, and answers 503 until there are keys', async () => {
    await issuer.stop();
    service = await startExample('microservice', { ISSUER: issuer.url, AUDIENCE: '' });
    expect((await reportsOf(service, await issuer.token())).status).toBe(503);
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
  });

  it('does not start for an issuer whose keys would come without TLS from another machine', async () => {
    const starts = startExample('microservice', { ISSUER: 'http://auth.example.com' });
    await expect(starts).rejects.toThrow(/ended with 1: .*https/);
  });
});

describe('examples/microservice behind examples/hybrid', { timeout: 2 * starting }, () => {
  it("takes the starter's tokens, and goes on when the starter is gone", async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-microservice-'));
    const starter = await startExample('hybrid', { DATA_DIR: join(folder, 'data'), PUBLIC_URL: '' });
    const service = await startExample('microservice', { ISSUER: starter.url, AUDIENCE: '' });
    try {
      const [, , email, password] = starter.lines.find((line) => line.startsWith('login ada '))?.split(' ') ?? [];
      const login = await post(`${starter.url}/api/tokens`, { email, password });
      const [first, again] = [
        login,
        await post(`${starter.url}/api/tokens/refresh`, { refresh_token: login.refresh_token }),
      ].map(({ access_token: token }) => token);
      expect(again).not.toBe(first);

      const reader = async (token = ''): Promise<unknown> => {
        const { status, body } = await reportsOf(service, token);
        return [status, body['reader']];
      };
      expect(await reader(first)).toEqual([200, 'ada']);
      expect(await reader(`${first?.slice(0, -8)}AAAAAAAA`)).toEqual([401, undefined]);
      if (hasShell) {
        const { told, given } = await walkReadme('microservice', {
          ISSUER: starter.url,
          URL: service.url,
          PASSWORD: password ?? '',
        });
        expect(told).toHaveLength(4);
        expect(given).toEqual(told);
      }

      expect(await starter.stop()).toBe(0);
      expect(await reader(first)).toEqual([200, 'ada']);
      expect(await reader(again)).toEqual([200, 'ada']);
    } finally {
      await starter.stop();
      expect(await service.stop()).toBe(0);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

async function post(url: string, body: object): Promise<Tokens> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.status).toBe(200);
  return (await response.json()) as Tokens;
}

async function reportsOf(service: RunningExample, token?: string): Promise<Answer> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${service.url}/api/reports`, { headers });
  const body = (await response.json()) as Answer['body'];
  return { status: response.status, headers: response.headers, body };
}

function kidOf(token: string): unknown {
  const [header = ''] = token.split('.');
  return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { readonly kid?: unknown }).kid;
}
