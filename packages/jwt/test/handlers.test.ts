import { createMemoryStorage, type Secret, type Storage, StorageUnavailableError } from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { publicClients } from '../src/handlers/authenticate-client.js';
import { createIntrospectionHandler } from '../src/handlers/introspection-handler.js';
import { createJwksHandler } from '../src/handlers/jwks-handler.js';
import { createRevocationHandler } from '../src/handlers/revocation-handler.js';
import { createTokenHandler } from '../src/handlers/token-handler.js';
import { audience, type Harness, harness, login, testKeys } from './token-harness.js';

const url = 'https://auth.example.com/token';

function post(
  body: string | Record<string, string> | [string, string][],
  headers: Record<string, string> = {},
): Request {
  const text = typeof body === 'string' ? body : new URLSearchParams(body).toString();
  return new Request(url, {
    method: 'POST',
    body: text,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });
}

function setUp(given: Harness = harness()) {
  const { tokens } = given;
  const authenticateClient = publicClients('app', 'other');
  return {
    ...given,
    token: createTokenHandler({ tokens, authenticateClient }),
    revoke: createRevocationHandler({ tokens, authenticateClient }),
    introspect: createIntrospectionHandler({
      tokens,
      authenticate: (request) =>
        request.headers.get('authorization') === 'Basic c2VydmljZTpzZWNyZXQ=' ? { audience } : undefined,
    }),
  };
}

const json = async (response: Response): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;
const refreshOf = (issued: { readonly refreshToken: Secret | undefined }): string =>
  (issued.refreshToken as Secret).reveal();

/** A storage of which every call fails once `down` is set. */
function breakable(): { readonly storage: Storage; down: boolean } {
  const inner = createMemoryStorage();
  const state = {
    down: false,
    storage: {
      ...inner,
      collection: (definition: never) => {
        const collection = inner.collection(definition);
        const get = (...args: Parameters<typeof collection.get>) => {
          if (state.down) throw new StorageUnavailableError();
          return collection.get(...args);
        };
        return { ...collection, get };
      },
    } as Storage,
  };
  return state;
}

describe('createTokenHandler', () => {
  it(`exchanges a refresh token, and lets no cache keep the answer ${requirement('C20')}`, async () => {
    const { token, tokens } = setUp();
    const issued = await tokens.issue(login);
    const response = await token(
      post({ grant_type: 'refresh_token', client_id: 'app', refresh_token: refreshOf(issued), scope: 'posts:read' }),
    );
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await json(response)).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 900,
      refresh_token: expect.not.stringMatching(refreshOf(issued)),
      scope: 'posts:read',
    });
  });

  it('tells a thief nothing: unknown, forged, reused and foreign tokens get the same answer', async () => {
    const { token, tokens, clock } = setUp();
    const used = refreshOf(await tokens.issue(login));
    await tokens.refresh(used, { clientId: 'app' });
    clock.advance(60_000);
    const foreign = refreshOf(await tokens.issue({ ...login, clientId: 'other' }));
    const bodies = new Set<string>();
    for (const refresh_token of ['junk', used, foreign, `${'a'.repeat(22)}.0.${'b'.repeat(43)}`]) {
      const response = await token(post({ grant_type: 'refresh_token', client_id: 'app', refresh_token }));
      expect(response.status).toBe(400);
      bodies.add(await response.text());
    }
    expect([...bodies]).toEqual([
      JSON.stringify({ error: 'invalid_grant', error_description: 'The refresh token is not good. Log in again.' }),
    ]);
  });

  it.each([
    ['GET', new Request(url), 405, 'invalid_request'],
    [
      'another content type',
      new Request(url, { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }),
      415,
      'invalid_request',
    ],
    [
      'JSON where it is not taken',
      new Request(url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }),
      415,
      'invalid_request',
    ],
    ['no grant', post({ client_id: 'app' }), 400, 'invalid_request'],
    ['another grant', post({ grant_type: 'password', client_id: 'app' }), 400, 'unsupported_grant_type'],
    [
      'a parameter twice',
      post([
        ['grant_type', 'refresh_token'],
        ['grant_type', 'refresh_token'],
      ]),
      400,
      'invalid_request',
    ],
    ['no token', post({ grant_type: 'refresh_token', client_id: 'app' }), 400, 'invalid_request'],
    [
      'a token in the query',
      new Request(`${url}?refresh_token=x`, {
        method: 'POST',
        body: 'grant_type=refresh_token&client_id=app',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
      400,
      'invalid_request',
    ],
    [
      'an unknown client',
      post({ grant_type: 'refresh_token', client_id: 'nobody', refresh_token: 'x' }),
      401,
      'invalid_client',
    ],
    ['no client', post({ grant_type: 'refresh_token', refresh_token: 'x' }), 401, 'invalid_client'],
    [
      'a public client with a secret',
      post({ grant_type: 'refresh_token', client_id: 'app', client_secret: 's', refresh_token: 'x' }),
      401,
      'invalid_client',
    ],
    [
      'a scope that is none',
      post({ grant_type: 'refresh_token', client_id: 'app', refresh_token: 'x', scope: 'a  b' }),
      400,
      'invalid_scope',
    ],
    ['a body that is too large', post(`a=${'x'.repeat(40_000)}`), 413, 'invalid_request'],
    [
      'a body that is not UTF-8',
      new Request(url, {
        method: 'POST',
        body: new Uint8Array([0xff, 0xfe]),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
      400,
      'invalid_request',
    ],
  ])('refuses %s', async (_what, request, status, error) => {
    const response = await setUp().token(request);
    expect(response.status).toBe(status);
    expect(response.headers.get('cache-control')).toBe('no-store');
    if (status === 401) expect(response.headers.get('www-authenticate')).toBe('Basic realm="tokens"');
    expect(await json(response)).toMatchObject({ error });
  });

  it('reads no more of a body than it takes, whatever its length says', async () => {
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(8192).fill(97));
      },
    });
    const request = new Request(url, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    } as RequestInit);
    expect((await setUp().token(request)).status).toBe(413);
    expect(pulled).toBeLessThan(10);
  });

  it('takes a JSON object of strings where that is said', async () => {
    const { tokens } = harness();
    const handler = createTokenHandler({ tokens, authenticateClient: publicClients('app'), json: true });
    const send = (body: unknown) =>
      handler(
        new Request(url, {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json; charset=utf-8' },
        }),
      );
    const issued = await tokens.issue(login);
    expect(
      (await send({ grant_type: 'refresh_token', client_id: 'app', refresh_token: refreshOf(issued) })).status,
    ).toBe(200);
    for (const bad of [[], null, 'x', { grant_type: ['refresh_token'] }]) expect((await send(bad)).status).toBe(400);
  });

  it('answers 503 and never invalid_grant while the storage is down', async () => {
    const state = breakable();
    const { token, tokens } = setUp(harness({ storage: state.storage, clock: Date.now }));
    const issued = await tokens.issue(login);
    state.down = true;
    const request = () => post({ grant_type: 'refresh_token', client_id: 'app', refresh_token: refreshOf(issued) });
    const response = await token(request());
    expect(response.status).toBe(503);
    expect(await json(response)).toMatchObject({ error: 'temporarily_unavailable' });
    state.down = false;
    expect((await token(request())).status).toBe(200);
  });
});

describe('createRevocationHandler', () => {
  it(`answers 200 for tokens that are unknown, and finds every kind under any hint ${requirement('F11')}`, async () => {
    const { revoke, tokens } = setUp();
    for (const token of ['junk', 'a.b.c', `${'a'.repeat(22)}.0.${'b'.repeat(43)}`]) {
      expect((await revoke(post({ token, client_id: 'app' }))).status).toBe(200);
    }
    for (const token_type_hint of ['access_token', 'refresh_token', 'nonsense']) {
      const issued = await tokens.issue(login);
      const access = issued.accessToken.reveal();
      const first = await revoke(post({ token: access, token_type_hint, client_id: 'app' }));
      expect([first.status, await first.text(), first.headers.get('cache-control')]).toEqual([200, '', 'no-store']);
      expect(await tokens.introspect(access)).toEqual({ active: false });
      expect((await revoke(post({ token: refreshOf(issued), token_type_hint, client_id: 'app' }))).status).toBe(200);
      expect(await tokens.refresh(refreshOf(issued), { clientId: 'app' })).toMatchObject({ ok: false });
    }
  });

  it('refuses to revoke the tokens of another client, and unknown clients', async () => {
    const { revoke, tokens } = setUp();
    const issued = await tokens.issue(login);
    for (const token of [refreshOf(issued), issued.accessToken.reveal()]) {
      expect((await revoke(post({ token, client_id: 'other' }))).status).toBe(400);
      expect((await revoke(post({ token, client_id: 'nobody' }))).status).toBe(401);
    }
    expect(await tokens.refresh(refreshOf(issued), { clientId: 'app' })).toMatchObject({ ok: true });
    expect((await revoke(post({ client_id: 'app' }))).status).toBe(400);
  });
});

describe('createIntrospectionHandler', () => {
  const authorization = 'Basic c2VydmljZTpzZWNyZXQ=';

  it('tells a service that may know, and nobody else', async () => {
    const { introspect, tokens } = setUp();
    const issued = await tokens.issue(login);
    const token = issued.accessToken.reveal();
    const good = await introspect(post({ token }, { authorization }));
    expect(good.headers.get('cache-control')).toBe('no-store');
    expect(await json(good)).toMatchObject({
      active: true,
      sub: 'user-1',
      aud: audience,
      scope: 'posts:read posts:write',
    });
    const refused = await introspect(post({ token }));
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="introspection"']);
    expect(await refused.text()).not.toContain('user-1');
  });

  it(`calls nothing but a good access token active ${requirement('F10')}`, async () => {
    const { introspect, tokens } = setUp();
    const issued = await tokens.issue(login);
    for (const token of [refreshOf(issued), 'junk', `${issued.accessToken.reveal()}A`]) {
      expect(await (await introspect(post({ token }, { authorization }))).text()).toBe('{"active":false}');
    }
    expect((await introspect(post({}, { authorization }))).status).toBe(400);
  });
});

describe('createJwksHandler', () => {
  const handler = createJwksHandler(testKeys);
  const get = (headers: Record<string, string> = {}, method = 'GET') =>
    handler(new Request('https://auth.example.com/.well-known/jwks.json', { method, headers }));

  it('serves the public keys for caches to keep', async () => {
    const response = await get();
    expect(response.headers.get('content-type')).toBe('application/jwk-set+json');
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const text = await response.text();
    expect(JSON.parse(text)).toEqual(await testKeys.jwks());
    expect(text).not.toContain('"d"');
  });

  it('answers HEAD, 304 and 405', async () => {
    const etag = (await get()).headers.get('etag') ?? '';
    expect((await get({ 'if-none-match': `"x", W/${etag}` })).status).toBe(304);
    const head = await get({}, 'HEAD');
    expect([head.status, await head.text()]).toEqual([200, '']);
    const other = await get({}, 'DELETE');
    expect([other.status, other.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});
