import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as oauth from 'oauth4webapi';
import { describe, expect, it } from 'vitest';
import type { Connection, ConnectionOptions } from '../src/connection/connection.js';
import { createConnection } from '../src/connection/create-connection.js';
import { metadataUrls } from '../src/connection/discover.js';
import type { ClientCredential, Provider } from '../src/provider.js';
import { scriptedFetch, testProvider } from './support/test-provider.js';

interface Vectors {
  readonly authorizationServer: readonly {
    readonly issuer: string;
    readonly tryInOrder?: readonly string[];
    readonly rfc8414?: string;
    readonly oidc?: string;
  }[];
  readonly issuerMismatch: readonly {
    readonly expectedIssuer: string;
    readonly documentIssuer: string;
    readonly accept: boolean;
  }[];
}
const vectors = JSON.parse(readFileSync(new URL('./vectors/metadata-urls.json', import.meta.url), 'utf8')) as Vectors;

const issuer = 'https://id.example.com';
const place = `${issuer}/.well-known/openid-configuration`;
const document = { issuer, token_endpoint: `${issuer}/token`, authorization_endpoint: `${issuer}/authorize` };
const secret: ClientCredential = { secret: 's+cr/t: &%~ü' };

function connect(
  options: ConnectionOptions,
  { provider = testProvider(), credential = secret }: { provider?: Provider; credential?: ClientCredential } = {},
): Connection {
  return createConnection('example', { provider, clientId: 'client id:1', credential }, options);
}

/** What arrives at the token endpoint in a client credentials request. */
async function tokenRequest(metadata: object, parts: { provider?: Provider; credential?: ClientCredential }) {
  const { asked, fetch } = scriptedFetch({
    [place]: () => Response.json({ ...document, ...metadata }),
    [`${issuer}/token`]: () => Response.json({ access_token: 'a', token_type: 'bearer' }),
  });
  const connection = connect({ fetch }, parts);
  await connection.ask((server) =>
    oauth.clientCredentialsGrantRequest(
      server,
      connection.client,
      connection.clientAuth,
      new URLSearchParams(),
      connection.requestOptions(),
    ),
  );
  const { url, init } = asked.at(-1) ?? { url: '', init: {} };
  const text = init.body instanceof URLSearchParams ? init.body.toString() : (init.body as string);
  return { url, headers: new Headers(init.headers), body: new URLSearchParams(text), text };
}

describe('where metadata is looked for', () => {
  it.each(vectors.authorizationServer)(`the places of $issuer ${requirement('O10')}`, (row) => {
    if (row.tryInOrder !== undefined) expect(metadataUrls(row.issuer, 'mcp')).toEqual(row.tryInOrder);
    if (row.rfc8414 !== undefined) expect(metadataUrls(row.issuer, 'oauth2')).toEqual([row.rfc8414]);
    if (row.oidc !== undefined) expect(metadataUrls(row.issuer, 'oidc')).toEqual([row.oidc]);
  });

  it(`asks the next place only where there is none, and in order ${requirement('O10')}`, async () => {
    const [first = '', second = '', third = ''] = metadataUrls(`${issuer}/tenant`, 'mcp');
    const provider = testProvider({ issuer: `${issuer}/tenant`, discovery: 'mcp' });
    const { asked, fetch } = scriptedFetch({
      [third]: () => Response.json({ ...document, issuer: `${issuer}/tenant` }),
    });
    await connect({ fetch }, { provider }).server();
    expect(asked.map(({ url }) => url)).toEqual([first, second, third]);

    const broken = scriptedFetch({ [first]: () => new Response('', { status: 503 }) });
    await expect(connect({ fetch: broken.fetch }, { provider }).server()).rejects.toMatchObject({
      code: 'provider_unavailable',
    });
    expect(broken.asked).toHaveLength(1);
  });

  it('takes endpoints as they are where there is no discovery', async () => {
    const { asked, fetch } = scriptedFetch({});
    const provider = testProvider({ discovery: 'none', endpoints: { token: 'https://id.example.com/t' } });
    expect(await connect({ fetch }, { provider }).server()).toEqual({
      issuer,
      token_endpoint: 'https://id.example.com/t',
    });
    expect(asked).toEqual([]);
  });
});

describe('what metadata is believed', () => {
  it.each(vectors.issuerMismatch)(
    `of $documentIssuer for $expectedIssuer: $accept ${requirement('O9')}`,
    async ({ expectedIssuer, documentIssuer, accept }) => {
      const connection = connect(
        { fetch: async () => Response.json({ ...document, issuer: documentIssuer }) },
        { provider: testProvider({ issuer: expectedIssuer }) },
      );
      if (accept) expect((await connection.server()).issuer).toBe(expectedIssuer);
      else await expect(connection.server()).rejects.toMatchObject({ code: 'provider_misbehaved' });
    },
  );

  it.each(['http://id.example.com/jwks', 'https://169.254.169.254/keys', 'https://localhost/keys', 7])(
    `not when it names %s ${requirement('O30')}`,
    async (url) => {
      const connection = connect({ fetch: async () => Response.json({ ...document, jwks_uri: url }) });
      await expect(connection.server()).rejects.toMatchObject({ code: 'provider_misbehaved' });
    },
  );

  it.each(['[]', 'null', '<html>', ''])('not when it is %j', async (text) => {
    await expect(connect({ fetch: async () => new Response(text) }).server()).rejects.toMatchObject({
      code: 'provider_misbehaved',
    });
  });
});

describe('how often metadata is fetched', () => {
  it('once for any number of callers, and again after an hour', async () => {
    const clock = fakeClock();
    const { asked, fetch } = scriptedFetch({ [place]: () => Response.json(document) });
    const connection = connect({ fetch, clock });
    await Promise.all(Array.from({ length: 50 }, () => connection.server()));
    clock.advance(3_599_999);
    await connection.server();
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await connection.server();
    expect(asked).toHaveLength(2);
  });

  it('serves it stale through an outage, asks once a minute, and gives up after a day', async () => {
    const clock = fakeClock();
    let up = true;
    const { asked, fetch } = scriptedFetch({
      [place]: () => (up ? Response.json(document) : new Response('', { status: 502 })),
    });
    const connection = connect({ fetch, clock });
    await connection.server();
    up = false;
    clock.advance(3_600_000);
    for (let call = 0; call < 3; call++) expect((await connection.server()).issuer).toBe(issuer);
    expect(asked).toHaveLength(2);
    clock.advance(60_000);
    await connection.server();
    expect(asked).toHaveLength(3);
    clock.advance(86_400_000);
    await expect(connection.server()).rejects.toMatchObject({ code: 'provider_unavailable' });
  });

  it('serves nothing stale when the new metadata is wrong', async () => {
    const clock = fakeClock();
    let named = issuer;
    const connection = connect({ clock, fetch: async () => Response.json({ ...document, issuer: named }) });
    await connection.server();
    named = 'https://evil.example.com';
    clock.advance(3_600_000);
    await expect(connection.server()).rejects.toMatchObject({ code: 'provider_misbehaved' });
  });

  it('lets one caller stop waiting without the others', async () => {
    let answer: (response: Response) => void = () => {};
    const connection = connect({ fetch: () => new Promise((resolve) => (answer = resolve)) });
    const controller = new AbortController();
    const impatient = connection.server({ signal: controller.signal });
    const patient = connection.server();
    controller.abort();
    await expect(impatient).rejects.toMatchObject({ code: 'provider_unavailable' });
    answer(Response.json(document));
    expect((await patient).issuer).toBe(issuer);
  });
});

describe('what a fetch is held to', () => {
  it(`gives up on slow and on huge answers and follows no redirect ${requirement('O30')}`, async () => {
    let sent = 0;
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/slow') === true) return void response.write('{');
      if (request.url?.startsWith('/huge') === true) {
        const more = (): void => {
          while (!response.destroyed && response.write(' '.repeat(1024))) sent += 1024;
          if (!response.destroyed) response.once('drain', more);
        };
        return more();
      }
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const at = (path: string): Promise<unknown> =>
      connect(
        { dangerouslyAllowPrivateNetwork: true, timeoutMs: 300, maxBytes: 4096 },
        { provider: testProvider({ issuer: `${base}/${path}` }) },
      ).server();
    try {
      for (const path of ['slow', 'huge', 'redirect'])
        await expect(at(path), path).rejects.toMatchObject({ code: 'provider_unavailable' });
      expect(sent).toBeLessThan(8 * 1024 * 1024);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it(`does not ask an address inside the network ${requirement('O30')}`, () => {
    for (const inside of ['https://10.0.0.1', 'https://localhost', 'http://id.example.com', 'https://[::1]']) {
      expect(() => connect({}, { provider: testProvider({ issuer: inside }) })).toThrow(/^provider\.issuer: /);
    }
  });
});

describe('how the client proves itself', () => {
  it(`form-encodes both parts of Basic, and puts no secret in a URL ${requirement('O12')}`, async () => {
    const { url, headers, body } = await tokenRequest({}, {});
    const [id = '', text = ''] = Buffer.from((headers.get('authorization') ?? '').slice(6), 'base64')
      .toString()
      .split(':');
    const decode = (part: string): string => new URLSearchParams(`x=${part}`).get('x') ?? '';
    expect([decode(id), decode(text)]).toEqual(['client id:1', 's+cr/t: &%~ü']);
    expect(url).toBe(`${issuer}/token`);
    expect(body.has('client_secret')).toBe(false);
  });

  it('sends a secret the way the metadata offers, or the record says', async () => {
    const post = { token_endpoint_auth_methods_supported: ['client_secret_post'] };
    expect((await tokenRequest(post, {})).body.get('client_secret')).toBe('s+cr/t: &%~ü');
    const provider = testProvider({ clientAuthentication: 'client_secret_basic' });
    expect((await tokenRequest(post, { provider })).headers.has('authorization')).toBe(true);
    await expect(
      tokenRequest({ token_endpoint_auth_methods_supported: ['private_key_jwt'] }, {}),
    ).rejects.toMatchObject({ code: 'invalid_option' });
  });

  it(`asserts with a key: fresh jti, a minute, issuer and subject the client ${requirement('O13')}`, async () => {
    const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
      'verify',
    ]);
    const credential = { privateKey: { key: privateKey, kid: 'k1' } };
    const assertions = await Promise.all([tokenRequest({}, { credential }), tokenRequest({}, { credential })]);
    const texts = assertions.map(({ body }) => body.get('client_assertion') ?? '');
    const claims = texts.map((text) => decodeJwt(text));
    for (const { iss, sub, aud, exp = 0, iat = 0 } of claims) {
      expect([iss, sub, aud]).toEqual(['client id:1', 'client id:1', issuer]);
      expect(exp - iat).toBeLessThanOrEqual(60);
    }
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(2);
    expect(decodeProtectedHeader(texts[0] ?? '')).toMatchObject({ alg: 'ES256', kid: 'k1' });
  });

  it('asks a function for the secret each time', async () => {
    let count = 0;
    const credential = { secret: async () => `made ${++count}` };
    const provider = testProvider({ clientAuthentication: 'client_secret_post' });
    expect((await tokenRequest({}, { provider, credential })).body.get('client_secret')).toBe('made 1');
    expect((await tokenRequest({}, { provider, credential })).body.get('client_secret')).toBe('made 2');
  });

  it('speaks the dialect of the record: another name for the client id, and JSON', async () => {
    const provider = testProvider({
      clientAuthentication: 'client_secret_post',
      clientIdParameter: 'client_key',
      tokenRequestBody: 'json',
    });
    const { headers, text } = await tokenRequest({}, { provider });
    expect(headers.get('content-type')).toBe('application/json');
    expect(JSON.parse(text)).toEqual({
      grant_type: 'client_credentials',
      client_key: 'client id:1',
      client_secret: 's+cr/t: &%~ü',
    });
  });
});

describe('what goes wrong at a provider', () => {
  const answerWith = (answer: () => Response, provider = testProvider()): Promise<unknown> => {
    const { fetch } = scriptedFetch({ [place]: () => Response.json(document), [`${issuer}/token`]: answer });
    const connection = connect({ fetch }, { provider });
    return connection.ask(async (server) =>
      oauth.processClientCredentialsResponse(
        server,
        connection.client,
        await oauth.clientCredentialsGrantRequest(
          server,
          connection.client,
          connection.clientAuth,
          new URLSearchParams(),
          connection.requestOptions(),
        ),
      ),
    );
  };

  it.each([
    ['provider_refused', 'invalid_grant', () => Response.json({ error: 'invalid_grant' }, { status: 400 })],
    [
      'provider_refused',
      'invalid_client',
      () =>
        Response.json({ error: 'invalid_client' }, { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }),
    ],
    ['provider_unavailable', undefined, () => new Response('oops', { status: 503 })],
    ['provider_unavailable', undefined, () => new Response('slow down', { status: 429 })],
    [
      'provider_unavailable',
      'temporarily_unavailable',
      () => Response.json({ error: 'temporarily_unavailable' }, { status: 400 }),
    ],
    ['provider_refused', 'bad_verification_code', () => Response.json({ error: 'bad_verification_code' })],
    ['provider_refused', undefined, () => Response.json({ error: 'a "quoted" text' }, { status: 400 })],
    ['provider_misbehaved', undefined, () => new Response('<html>', { status: 200 })],
    ['provider_misbehaved', undefined, () => Response.json({ access_token: 'a', token_type: 'mac' })],
  ])('is %s with code %s', async (code, providerError, answer) => {
    await expect(answerWith(answer)).rejects.toMatchObject({ name: 'OAuthError', code, providerError });
  });

  it('reads an answer through the normalizer of the record', async () => {
    const provider = testProvider({
      normalizeTokenAnswer: (answer) => ({ access_token: answer['accessToken'], token_type: 'bearer' }),
    });
    expect(await answerWith(() => Response.json({ accessToken: 'abc' }), provider)).toMatchObject({
      access_token: 'abc',
    });
  });

  it('is an outage when nobody answers', async () => {
    const failing = connect({ fetch: () => Promise.reject(new TypeError('fetch failed')) });
    await expect(failing.server()).rejects.toMatchObject({ code: 'provider_unavailable', status: 503 });
  });
});

describe('what a registration is refused for', () => {
  it.each<[string, () => Connection]>([
    ['clientId', () => createConnection('a', { provider: testProvider(), clientId: '', credential: secret })],
    ['providers', () => createConnection('A b', { provider: testProvider(), clientId: 'x', credential: secret })],
    ['credential.secret', () => connect({}, { credential: { secret: '' } })],
    ['credential', () => connect({}, { provider: testProvider({ clientAuthentication: 'private_key_jwt' }) })],
    ['timeoutMs', () => connect({ timeoutMs: 0 })],
    ['maxBytes', () => connect({ maxBytes: 1.5 })],
    ['scopes', () => connect({}, { provider: testProvider({ scopes: ['openid email'] }) })],
    ['scopes', () => connect({}, { provider: testProvider({ scopes: ['email'] }) })],
    ['provider.endpoints.token', () => connect({}, { provider: testProvider({ discovery: 'none' }) })],
  ])('%s', (option, make) => {
    expect(make).toThrow(new RegExp(`^${option.replaceAll('.', '\\.')}: `));
  });
});
