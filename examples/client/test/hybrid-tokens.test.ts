import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import type { Me } from '../src/api-client.js';
import { starting, useExample } from './support/harness.js';

interface Tokens {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly refresh_token: string;
  readonly scope: string;
}

const harness = useExample('hybrid');

/** The address and password that were printed for a user. */
function loginOf(user: string): { readonly email: string; readonly password: string } {
  const line = harness.example.output().stdout.find((text) => text.startsWith(`login ${user} `));
  const [, , email = '', password = ''] = line?.split(' ') ?? [];
  return { email, password };
}

const post = (path: string, json: object) => harness.as('').call<Tokens>('POST', path, { json });

async function logIn(user: string): Promise<Tokens> {
  const { status, body } = await post('/api/tokens', loginOf(user));
  expect(status).toBe(200);
  return body;
}

// Each password costs a third of a second of a core that is free.
describe('tokens of examples/hybrid', { timeout: starting }, () => {
  it(`gives tokens for a password, and keeps them out of caches ${requirement('C20')}`, async () => {
    const { status, headers, body } = await post('/api/tokens', loginOf('ada'));
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type']);
    expect([body.token_type, body.expires_in]).toEqual(['Bearer', 900]);
    expect(body.scope.split(' ')).toContain('posts:create');
  });

  it('takes a token wherever it takes a key, and its scope is a ceiling', async () => {
    const ada = harness.as((await logIn('ada')).access_token);
    const { status, body } = await ada.call<Me>('GET', '/api/me');
    expect([status, body.principal, body.credential.scheme]).toEqual([200, { kind: 'user', id: 'ada' }, 'jwt']);
    expect((await ada.call('POST', '/api/posts', { json: { title: 'A', body: 'B' } })).status).toBe(201);
    const rex = harness.as((await logIn('rex')).access_token);
    expect((await rex.call('POST', '/api/posts', { json: { title: 'A', body: 'B' } })).status).toBe(403);
  });

  it('says nothing of which part was wrong', async () => {
    const { email, password } = loginOf('grace');
    const wrong = [
      { email, password: `${password}x` },
      { email: 'nobody@example.org', password },
    ];
    for (const json of wrong) {
      const { status, headers, body } = await harness.as('').call('POST', '/api/tokens', { json });
      expect([status, body.code]).toEqual([401, 'invalid_credentials']);
      expect(headers.get('www-authenticate')).toContain('Bearer');
    }
  });

  it('slows down who guesses, and lets the others in', async () => {
    const guesses = { email: 'grace@example.org', password: 'a guess of sixteen' };
    const answers = await Promise.all(Array.from({ length: 12 }, () => post('/api/tokens', guesses)));
    const limited = answers.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(0);
    expect(Number(limited[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await logIn('ada')).toBeDefined();
  });

  it('refreshes in JSON and as an OAuth form, and tells a token that is none', async () => {
    const first = await logIn('ada');
    const second = await post('/api/tokens/refresh', { refresh_token: first.refresh_token });
    expect([second.status, second.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'app',
      refresh_token: second.body.refresh_token,
    });
    const third = await fetch(`${harness.example.url}/api/tokens/refresh`, { method: 'POST', body: form });
    expect(third.status).toBe(200);
    const junk = await harness.as('').call('POST', '/api/tokens/refresh', { json: { refresh_token: 'junk' } });
    expect([junk.status, junk.body.code]).toEqual([400, 'invalid_grant']);
  });

  it(`ends a login with its access token ${requirement('J33')}`, async () => {
    const { access_token: access, refresh_token: refresh } = await logIn('ada');
    expect((await harness.as(access).call('GET', '/api/me')).status).toBe(200);
    expect((await post('/api/tokens/revoke', { token: refresh })).status).toBe(200);
    expect((await harness.as(access).call('GET', '/api/me')).status).toBe(401);
    expect((await post('/api/tokens/refresh', { refresh_token: refresh })).status).toBe(400);
  });

  it('publishes its public keys, and nothing of the private ones', async () => {
    const response = await fetch(`${harness.example.url}/.well-known/jwks.json`);
    const { keys } = (await response.json()) as { readonly keys: readonly Record<string, unknown>[] };
    expect(response.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
    expect(keys.map(({ kty, alg, d }) => [kty, alg, d])).toContainEqual(['OKP', 'EdDSA', undefined]);
  });

  it('keeps its keys in a file that only its user reads, and not in the database', () => {
    const file = join(harness.data, 'secrets.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const secrets = Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>);
    const database = readFileSync(join(harness.data, 'hybrid.db'), 'latin1');
    expect(secrets.length).toBe(4);
    for (const secret of secrets) expect(database.includes(secret)).toBe(false);
  });
});
