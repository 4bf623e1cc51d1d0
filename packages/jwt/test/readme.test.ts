import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Authenticator } from '@portcullis/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JwtVerifier, TokenIssuer } from '../src/index.js';
import { testKey } from './token-harness.js';

const here = new URL('.', import.meta.url);
// Inside this package, so that its imports resolve as a user's would.
const folder = mkdtempSync(fileURLToPath(new URL('../.readme-', here)));
const fences = [...readFileSync(new URL('../README.md', here), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(
  ([, code = '']) => code,
);
const key = (seed: number): string => Buffer.from(testKey(seed)).toString('base64url');

/** Runs the fence that has this text, as it stands. */
async function run(text: string): Promise<Record<string, unknown>> {
  const found = fences.filter((code) => code.includes(text));
  expect(found).toHaveLength(1);
  const file = `${folder}/${text.replaceAll(/\W+/g, '-')}.ts`;
  writeFileSync(file, found[0] ?? '');
  return (await import(/* @vite-ignore */ file)) as Record<string, unknown>;
}

describe('README.md', () => {
  beforeAll(() => {
    vi.stubEnv('SEAL_KEY', key(3)).stubEnv('REFRESH_KEY', key(4)).stubEnv('INTROSPECTION_SECRET', 'secret');
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  it('makes a guard over a verifier', async () => {
    const { guard } = await run('export const guard');
    expect(guard).toHaveProperty('check');
  });

  it('issues, refreshes, revokes and publishes', async () => {
    const { logIn, serve, tokens } = (await run('export const serve')) as {
      logIn(subject: string, startedAt: number): Promise<Response>;
      serve(request: Request): Promise<Response>;
      tokens: TokenIssuer;
    };
    const post = (path: string, body: Record<string, string>) =>
      serve(
        new Request(`https://auth.example.com${path}`, {
          method: 'POST',
          body: new URLSearchParams({ client_id: 'app', ...body }),
        }),
      );
    const first = (await (await logIn('ada', Date.now())).json()) as Record<string, string>;
    const second = await post('/token', { grant_type: 'refresh_token', refresh_token: first['refresh_token'] ?? '' });
    expect(second.status).toBe(200);
    const { access_token: access = '', refresh_token: refresh = '' } = (await second.json()) as Record<string, string>;
    expect(await tokens.introspect(access)).toMatchObject({ active: true, sub: 'ada' });
    expect((await post('/revoke', { token: refresh })).status).toBe(200);
    expect(await tokens.introspect(access)).toEqual({ active: false });
    const set = (await (await serve(new Request('https://auth.example.com/.well-known/jwks.json'))).json()) as {
      keys: unknown[];
    };
    expect(set.keys).toHaveLength(1);
    expect((await serve(new Request('https://auth.example.com/else'))).status).toBe(404);
  });

  it('makes a verifier that obeys revocations', async () => {
    const { verifier } = (await run('staleMs: 5_000')) as { verifier: JwtVerifier };
    expect(await verifier.verify('junk')).toMatchObject({ outcome: 'rejected' });
    verifier.close();
  });

  it('makes an introspection authenticator beside a verifier', async () => {
    const { opaque } = (await run('export const opaque')) as { opaque: Authenticator };
    const request = (token: string) => ({
      method: 'GET',
      url: '/',
      ip: undefined,
      header: () => `Bearer ${token}`,
      headerValues: () => [`Bearer ${token}`],
    });
    expect([opaque.claims(request('opaque')), opaque.claims(request('a.b.c'))]).toEqual([true, false]);
  });

  it('mints tokens for tests', async () => {
    const { good, late } = await run('createTestIssuer');
    expect(good).toMatchObject({ outcome: 'verified', token: { principal: { id: 'ada' } } });
    expect(late).toMatchObject({ outcome: 'rejected', fault: 'expired' });
  });

  it('has no fence that is not run here', () => {
    expect(fences).toHaveLength(5);
  });
});
