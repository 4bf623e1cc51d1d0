import { createMemoryStorage } from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import { userAgent } from '@portcullis-internal/testkit/user-agent';
import { describe, expect, it } from 'vitest';
import { createAuthorizationRequest } from '../src/sign-in/authorization-request.js';
import { clientMetadataDocument } from '../src/registration/client-metadata-document.js';
import {
  type ClientRegistrationsOptions,
  createClientRegistrations,
  registrationCollection,
} from '../src/registration/client-registrations.js';
import { createConnection } from '../src/connection/create-connection.js';
import type { Provider } from '../src/provider.js';
import { loopbackRedirectUri } from '../src/sign-in/redirect-uri.js';
import { redeemAuthorization } from '../src/sign-in/redeem-authorization.js';
import { keys } from './support/sign-in-harness.js';
import { startProvider } from './support/providers.js';
import { testProvider } from './support/test-provider.js';

const at = (issuer: string): Provider =>
  testProvider({ id: 'mcp', issuer, discovery: 'mcp', openid: false, scopes: [] });
const [one, two] = ['https://one.example.com', 'https://two.example.com'];

/** Two servers that register clients, each giving ids of its own. */
function servers(metadata: object = {}) {
  const registered: { readonly issuer: string; readonly body: Record<string, unknown> }[] = [];
  return {
    registered,
    async fetch(url: string, init: RequestInit = {}): Promise<Response> {
      const { origin: issuer, pathname } = new URL(url);
      if (pathname !== '/register') {
        return Response.json({
          issuer,
          token_endpoint: `${issuer}/token`,
          registration_endpoint: `${issuer}/register`,
          ...metadata,
        });
      }
      registered.push({ issuer, body: JSON.parse(init.body as string) as Record<string, unknown> });
      const secret = `the secret at ${issuer}`;
      const answer = {
        client_id: `${registered.length} at ${issuer}`,
        client_secret: secret,
        client_secret_expires_at: 0,
      };
      return Response.json(answer, { status: 201 });
    },
  };
}

const open = (options: Partial<ClientRegistrationsOptions> = {}) =>
  createClientRegistrations({
    storage: createMemoryStorage(),
    encryptionKeys: keys,
    clientName: 'Client',
    redirectUris: ['https://app.example.org/callback'],
    ...options,
  });

describe('clients at servers that nobody configured', () => {
  it(`are kept by issuer and never shown to another server ${requirement('O19')}`, async () => {
    const { registered, fetch } = servers();
    const storage = createMemoryStorage();
    const registrations = open({ fetch, storage });
    const [first, second, again] = [
      await registrations.at(at(one)),
      await registrations.at(at(two)),
      await registrations.at(at(one)),
    ];
    expect([first.clientId, second.clientId, again.clientId]).toEqual([`1 at ${one}`, `2 at ${two}`, `1 at ${one}`]);
    expect(first.credential).toEqual({ secret: `the secret at ${one}` });
    expect(registered).toHaveLength(2);
    const records = storage.collection(registrationCollection);
    const { items } = await records.scan({ limit: 10 });
    expect(JSON.stringify(items)).not.toContain('the secret');
    // Even a record that was moved to another server's place is of no use there.
    const [a, b] = items.map(({ record }) => record);
    if (a === undefined || b === undefined) throw new Error('two are there');
    await records.delete(a.id);
    await records.create({ ...b, id: a.id });
    const moved = [await registrations.at(at(one)), await registrations.at(at(two))].map(({ clientId }) => clientId);
    expect(moved[0]).toContain(one);
    expect(moved[1]).toContain(two);
  });

  it.each([
    ['web', ['https://app.example.org/callback']],
    ['native', [loopbackRedirectUri(8080)]],
    ['native', ['org.example.app:/callback']],
  ])(`say that they are %s ones: %j ${requirement('O21')}`, async (type, redirectUris) => {
    const { registered, fetch } = servers();
    await open({ fetch, redirectUris }).at(at(one));
    expect(registered[0]?.body).toMatchObject({ application_type: type, redirect_uris: redirectUris });
  });

  it('are the configured one first, then the document’s, then registered', async () => {
    const { registered, fetch } = servers({ client_id_metadata_document_supported: true });
    const clientIdUrl = 'https://app.example.org/client.json';
    const known = { [one]: { clientId: 'given', credential: { secret: 's' } } };
    const registrations = open({ fetch, clientIdUrl, known });
    expect((await registrations.at(at(one))).clientId).toBe('given');
    expect(await registrations.at(at(two))).toMatchObject({ clientId: clientIdUrl, credential: { none: true } });
    expect(registered).toEqual([]);
    await expect(open(servers({ registration_endpoint: undefined })).at(at(one))).rejects.toThrow(/^known: /);
  });
});

describe('a client’s own metadata document', () => {
  const good = {
    clientId: 'https://app.example.org/client.json',
    clientName: 'App',
    redirectUris: ['https://app.example.org/callback'],
  };

  it(`names its own address as the client’s id ${requirement('O20')}`, () => {
    expect(clientMetadataDocument(good)).toMatchObject({
      client_id: good.clientId,
      redirect_uris: good.redirectUris,
      token_endpoint_auth_method: 'none',
    });
  });

  it.each([
    'http://app.example.org/client.json',
    'https://app.example.org',
    'https://app.example.org/',
    'https://app.example.org/a/../client.json',
    'https://app.example.org/client.json#x',
    'https://user@app.example.org/client.json',
    'https://APP.example.org/client.json',
    'https://app.example.org:443/client.json',
    'https://localhost/client.json',
    'client-1',
  ])(`is refused at %s ${requirement('O20')}`, (clientId) => {
    expect(() => clientMetadataDocument({ ...good, clientId })).toThrow(/^clientId: /);
    expect(() => open({ clientIdUrl: clientId })).toThrow(/^clientId: /);
  });
});

describe('a program on the user’s machine', () => {
  it(`waits on a loopback address, at any port ${requirement('O22')}`, async () => {
    const op = await startProvider([
      {
        client_id: 'cli',
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/callback'],
      },
    ]);
    try {
      const connection = createConnection(
        'example',
        { provider: testProvider({ issuer: op.issuer }), clientId: 'cli', credential: { none: true } },
        { dangerouslyAllowPrivateNetwork: true },
      );
      const redirectUri = loopbackRedirectUri(49_152);
      const { url, transaction } = await createAuthorizationRequest(connection, { redirectUri });
      const back = await userAgent().follow(url, (address) => address.startsWith(redirectUri));
      const { profile } = await redeemAuthorization(connection, transaction, {
        parameters: new URL(back.url).searchParams,
      });
      expect(profile.subject).toBe('ada');
    } finally {
      await op.close();
    }
  });

  it.each(['http://app.example.org/cb', 'https://app.example.org/cb#x', 'javascript:alert(1)', 'app:/cb', 'cb'])(
    `may not wait at %s ${requirement('O22')}`,
    (redirectUri) => {
      const connection = createConnection('example', {
        provider: testProvider(),
        clientId: 'c',
        credential: { none: true },
      });
      expect(() => createAuthorizationRequest(connection, { redirectUri })).toThrow(/^redirectUri: /);
    },
  );
});
