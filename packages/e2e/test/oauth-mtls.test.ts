import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Fetch } from '@portcullis/core';
import { createClientCredentials, createConnection, createIntrospection } from '@portcullis/oauth-client';
import { type Certificate, certificateAuthority, requirement } from '@portcullis-internal/testkit';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const authority = certificateAuthority();
const others = certificateAuthority();

interface Asked {
  readonly path: string;
  readonly form: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  /** The common name of the certificate that the client proved, and its thumbprint. */
  readonly name: string | undefined;
}

describe.skipIf(authority === undefined || others === undefined)('a client that is known by its certificate', () => {
  if (authority === undefined || others === undefined) return;
  const asked: Asked[] = [];
  const agents: Agent[] = [];
  let server: Server;
  let issuer: string;

  beforeAll(async () => {
    server = createServer(
      // Metadata is for everyone; the handshake of whoever shows a certificate that is not of this authority fails.
      { ...authority.issue('server'), ca: authority.ca, requestCert: true, rejectUnauthorized: true },
      (request, response) => {
        const send = (body: object, status = 200): void => {
          response.writeHead(status, { 'content-type': 'application/json' });
          response.end(JSON.stringify(body));
        };
        const path = request.url ?? '';
        if (path.startsWith('/.well-known/'))
          return send({
            issuer,
            token_endpoint: `${issuer}/no-certificate/token`,
            introspection_endpoint: `${issuer}/no-certificate/introspect`,
            token_endpoint_auth_methods_supported: ['tls_client_auth'],
            mtls_endpoint_aliases: {
              token_endpoint: `${issuer}/certificate/token`,
              introspection_endpoint: `${issuer}/certificate/introspect`,
            },
          });
        let text = '';
        request.on('data', (bytes: Buffer) => (text += bytes.toString()));
        request.on('end', () => {
          const form = Object.fromEntries(new URLSearchParams(text));
          const { CN: name } = (request.socket as TLSSocket).getPeerCertificate().subject ?? {};
          asked.push({ path, form, authorization: request.headers.authorization, name: String(name) });
          if (form['client_id'] !== name) return send({ error: 'invalid_client' }, 401);
          if (path.endsWith('/introspect')) return send({ active: true, sub: 'user-1' });
          // No token type: what the record makes of this answer shows that it was known for one of the token endpoint.
          return send({ access_token: `for ${String(name)}`, expires_in: 60 });
        });
        return undefined;
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    for (const agent of agents) await agent.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const fetchWith = (certificate: Partial<Certificate>): Fetch => {
    const dispatcher = new Agent({ connect: { ca: authority.ca, ...certificate } });
    agents.push(dispatcher);
    return ((url: string, init?: object) => undiciFetch(url, { ...init, dispatcher })) as unknown as Fetch;
  };
  const connect = (clientId: string, certificate: Partial<Certificate>) =>
    createConnection(
      'bank',
      {
        provider: {
          id: 'bank',
          label: 'Bank',
          issuer,
          discovery: 'oauth2',
          openid: false,
          scopes: [],
          normalizeTokenAnswer: (answer) => ({ ...answer, token_type: 'bearer' }),
          profile: () => ({ subject: '', emailVerified: false }),
        },
        clientId,
        credential: { mtls: true },
      },
      { fetch: fetchWith(certificate), dangerouslyAllowPrivateNetwork: true },
    );

  it('sends its certificate in the handshake, its id in the form and no secret, to the endpoints that ask for one', async () => {
    asked.length = 0;
    const connection = connect('billing', authority.issue('billing'));
    const { token } = await createClientCredentials(connection).token();
    expect(token.reveal()).toBe('for billing');
    expect(await createIntrospection(connection).introspect('presented')).toMatchObject({
      active: true,
      subject: 'user-1',
    });
    expect(asked).toEqual([
      {
        path: '/certificate/token',
        form: { grant_type: 'client_credentials', client_id: 'billing' },
        authorization: undefined,
        name: 'billing',
      },
      {
        path: '/certificate/introspect',
        form: expect.objectContaining({ client_id: 'billing', token: 'presented' }) as object,
        authorization: undefined,
        name: 'billing',
      },
    ]);
  });

  it('gets no token by the certificate of another client', async () => {
    const connection = connect('billing', authority.issue('shipping'));
    await expect(createClientCredentials(connection).token()).rejects.toMatchObject({
      code: 'provider_refused',
      providerError: 'invalid_client',
    });
  });

  it.each([
    ['without a certificate', {}],
    ['by a certificate of another authority', others.issue('billing')],
  ])(`gets nothing %s, which is an outage and no refusal ${requirement('D3')}`, async (_how, certificate) => {
    asked.length = 0;
    const connection = connect('billing', certificate);
    await expect(createClientCredentials(connection).token()).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(asked).toEqual([]);
  });

  it('believes no server whose certificate is of an authority that it does not know', async () => {
    asked.length = 0;
    const connection = connect('billing', { ...authority.issue('billing'), ...{ ca: others.ca } });
    await expect(createClientCredentials(connection).token()).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(asked).toEqual([]);
  });
});
