import { generateKeyPairSync } from 'node:crypto';
import { createMemoryStorage } from '@portcullis/core';
import { type CertifiedProvider, certifiedProvider } from '@portcullis-internal/testkit/oidc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInvoices } from '../snippets/guide/machine-called.js';
import { connect, createInvoicesClient } from '../snippets/guide/machine-caller.js';

const audience = 'https://invoices.example.com';
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

describe('the guide on machines', () => {
  let provider: CertifiedProvider;
  let invoices: ReturnType<typeof createInvoices>;

  beforeAll(async () => {
    const client = (id: string) => ({
      client_id: id,
      client_secret: `secret-of-${id}`,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256' as const,
    });
    // A certified authorization server, whose access tokens for this resource are signed as RFC 9068 says.
    provider = await certifiedProvider(() => [client('reports'), client('stranger')], {
      jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'k1' }] },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: () => ({
            scope: 'invoices:read invoices:write',
            audience,
            accessTokenTTL: 300,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'ES256' } },
          }),
        },
      },
    });
    invoices = createInvoices(
      {
        issuer: provider.issuer,
        audience,
        algorithms: ['ES256'],
        discovery: true,
        remote: { dangerouslyAllowPrivateNetwork: true },
      },
      createMemoryStorage(),
    );
  });
  afterAll(async () => {
    invoices.verifier.close();
    await provider.close();
  });

  const ask = (...[input, init]: Parameters<typeof fetch>): Promise<Response> =>
    Promise.resolve(invoices.app.request(input as string, init));
  const client = (clientId: 'reports' | 'stranger', fetch = ask) => {
    const options = { dangerouslyAllowPrivateNetwork: true };
    const connection = connect(provider.issuer, { secret: `secret-of-${clientId}` }, options, clientId);
    return createInvoicesClient(connection, fetch);
  };

  it('lets the caller in with a token of its own, which it asks for once', async () => {
    const tokens = new Set<string | null>();
    const call = client('reports', (input, init) => {
      tokens.add(new Headers(init?.headers).get('authorization'));
      return ask(input, init);
    });
    for (const _ of [1, 2]) {
      const response = await call('/invoices');
      expect([response.status, await response.json()]).toEqual([200, { caller: 'client:reports', invoices: [] }]);
    }
    expect(tokens.size).toBe(1);
  });

  it('stops it where its scope or its role ends', async () => {
    const response = await client('reports')('/invoices', { method: 'POST' });
    expect([response.status, await response.json()]).toEqual([403, expect.objectContaining({ status: 403 })]);
  });

  it('gives a program that nobody entered nothing, though its token is good', async () => {
    expect((await client('stranger')('/invoices')).status).toBe(403);
  });

  it('sends the token to no other origin', async () => {
    const call = client('reports', async (input) =>
      String(input).includes('invoices.example.com')
        ? new Response(null, { status: 302, headers: { location: 'https://elsewhere.example/' } })
        : Promise.reject(new Error('the token went elsewhere')),
    );
    expect((await call('/invoices')).status).toBe(302);
  });

  it('takes an API key for the same program, with the same rights', async () => {
    const { key } = await invoices.keys.create({ owner: 'reports', name: 'nightly', scopes: ['invoices:read'] });
    const send = (method: string) =>
      invoices.app.request('/invoices', { method, headers: { authorization: `Bearer ${key.reveal()}` } });
    const response = await send('GET');
    expect(await response.json()).toEqual({ caller: 'client:reports', invoices: [] });
    expect((await send('POST')).status).toBe(403);
  });
});
