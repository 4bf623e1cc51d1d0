import { type AuthRequest, type Fetch, Secret } from '@portcullis/core';
import { fakeClock } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createIntrospectionHandler } from '../src/handlers/introspection-handler.js';
import { createIntrospectionAuthenticator } from '../src/introspect/introspection-authenticator.js';
import type { IntrospectionOptions } from '../src/introspect/introspection-options.js';
import { audience, harness, issuer, login } from './token-harness.js';

const endpoint = 'https://auth.example.com/introspect';

function bearer(...tokens: string[]): AuthRequest {
  const lines = tokens.map((token) => `Bearer ${token}`);
  return {
    method: 'GET',
    url: '/',
    ip: undefined,
    header: (name) => (name === 'authorization' ? lines[0] : undefined),
    headerValues: (name) => (name === 'authorization' ? lines : []),
  };
}

function setUp(answer: (token: string) => unknown, options: Partial<IntrospectionOptions> = {}) {
  const clock = fakeClock();
  const asked: Request[] = [];
  const fetch: Fetch = async (url, init) => {
    const request = new Request(url, init);
    asked.push(request.clone());
    const body = await answer(new URLSearchParams(await request.text()).get('token') ?? '');
    return body instanceof Response ? body : Response.json(body);
  };
  const authenticator = createIntrospectionAuthenticator({
    endpoint,
    issuer,
    audience,
    client: { id: 'service', secret: new Secret('s:e c') },
    clock,
    fetch,
    ...options,
  });
  return { clock, asked, authenticator, ask: async (token = 'opaque') => authenticator.authenticate(bearer(token)) };
}

const good = (clock: () => number, more: object = {}) => ({
  active: true,
  iss: issuer,
  aud: audience,
  sub: 'user-1',
  client_id: 'app',
  scope: 'posts:read',
  exp: clock() / 1000 + 60,
  ...more,
});

describe('createIntrospectionAuthenticator', () => {
  it('takes a token that the server calls active, and says who it is', async () => {
    const { ask, asked, clock } = setUp(() => good(clock, { jti: 'jti-1' }));
    expect(await ask()).toMatchObject({
      outcome: 'authenticated',
      principal: { kind: 'user', id: 'user-1', clientId: 'app' },
      credential: { scheme: 'introspection', id: 'jti-1', scopes: ['posts:read'] },
    });
    expect(asked[0]?.method).toBe('POST');
    expect(asked[0]?.headers.get('authorization')).toBe(`Basic ${btoa('service:s%3Ae+c')}`);
    expect(asked[0]?.url).toBe(endpoint);
  });

  it('makes of an answer what a JWT would be: kinds of subject, scopes only where they are stated, an id of its own', async () => {
    const clock = fakeClock();
    const first = await setUp(() => good(clock, { scope: undefined, token_type: 'Bearer', username: 'Ada' })).ask(
      'opaque-1',
    );
    expect(first).toMatchObject({ credential: { scopes: [], expiresAt: clock() + 60_000 } });
    const id = (first as { credential: { id: string } }).credential.id;
    expect(id).toMatch(/^sha256:[\w-]{22}$/);
    const unlimited = setUp(() => good(clock, { scope: undefined }), { scopesWhenAbsent: 'unlimited' });
    expect(((await unlimited.ask()) as { credential: object }).credential).toMatchObject({ scopes: undefined });
    const some = setUp(() => good(clock, { scope: undefined }), { scopesWhenAbsent: ['posts:read'] });
    expect(((await some.ask()) as { credential: object }).credential).toMatchObject({ scopes: ['posts:read'] });
    expect(Object.isFrozen(first)).toBe(true);
  });

  it('needs no issuer and no expiry in an answer: then it is good for as long as it is remembered', async () => {
    const { ask, asked, clock } = setUp(() => good(clock, { iss: undefined, exp: undefined }), { cacheMs: 10_000 });
    const result = await ask();
    expect(result).toMatchObject({ outcome: 'authenticated', credential: { expiresAt: clock() + 10_000 } });
    clock.advance(9_999);
    await ask();
    expect(asked).toHaveLength(1);
    const forgetful = setUp(() => good(forgetful.clock, { exp: undefined }), { cacheMs: 0 });
    expect(await forgetful.ask()).toMatchObject({ credential: { expiresAt: forgetful.clock() + 1000 } });
  });

  it('takes a clock of the server that is five seconds ahead, and no more', async () => {
    for (const [ahead, outcome] of [
      [5, 'authenticated'],
      [6, 'rejected'],
    ] as const) {
      const { ask, clock } = setUp(() => good(clock, { nbf: clock() / 1000 + ahead }));
      expect(await ask()).toMatchObject({ outcome });
    }
  });

  it('says what was wrong, in the body and in the challenge', async () => {
    const { ask, authenticator } = setUp(() => ({ active: false }));
    const detail = 'The token is unknown, revoked, expired or for another service.';
    const challenge = { error: 'invalid_token', error_description: detail };
    expect(await ask()).toMatchObject({ denial: { detail, challenge } });
    const long = 'The token is longer than this server takes.';
    expect(await ask('x'.repeat(16_384))).toMatchObject({ denial: { detail } });
    expect(await ask('x'.repeat(16_385))).toMatchObject({
      denial: { detail: long, challenge: { error_description: long } },
    });
    expect(await authenticator.authenticate(bearer('a', 'b'))).toMatchObject({
      denial: { code: 'invalid_request', challenge: { error: 'invalid_request' } },
    });
    expect(authenticator.challenge()).toEqual({ scheme: 'Bearer', params: {} });
  });

  it.each([
    ['inactive', { active: false }],
    ['active as a string', { active: 'true' }],
    ['active as a number', { active: 1 }],
    ['no active', { active: undefined }],
    ['another issuer', { iss: 'https://evil.example.com' }],
    ['another audience', { aud: 'https://other.example.com' }],
    ['no audience', { aud: undefined }],
    ['expired', { exp: 1 }],
    ['not yet valid', { nbf: 4_000_000_000 }],
    ['no subject', { sub: undefined }],
    ['a subject that is no text', { sub: 7 }],
    ['a refresh token', { token_type: 'refresh_token' }],
    ['bound to a key', { cnf: { jkt: 'x' } }],
    ['a scope that is none', { scope: 7 }],
    ['a user under a client name', { sub: 'client:app' }],
  ])('refuses an answer that is %s', async (_what, more) => {
    const { ask, clock } = setUp(() => good(clock, more));
    expect(await ask()).toMatchObject({ outcome: 'rejected', denial: { status: 401, code: 'invalid_token' } });
  });

  it('takes an answer without audience only where that is said', async () => {
    const { ask, clock } = setUp(() => good(clock, { aud: undefined }), { audienceCheckedByServer: true });
    expect(await ask()).toMatchObject({ outcome: 'authenticated' });
  });

  it('remembers a good answer for cacheMs, and never past the token', async () => {
    let exp = 1_000_000;
    const { ask, asked, clock } = setUp(() => good(clock, { exp }), { cacheMs: 30_000 });
    exp = clock() / 1000 + 60;
    for (let i = 0; i < 3; i++) await ask();
    expect(asked).toHaveLength(1);
    clock.advance(29_999);
    await ask();
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await ask();
    expect(asked).toHaveLength(2);
    exp = clock() / 1000 + 10;
    await ask('other');
    clock.advance(9_999);
    expect(await ask('other')).toMatchObject({ outcome: 'authenticated' });
    expect(asked).toHaveLength(3);
    clock.advance(1);
    expect(await ask('other')).toMatchObject({ outcome: 'rejected' });
  });

  it('remembers nothing with cacheMs 0, and no bad answer ever', async () => {
    const every = setUp(() => good(every.clock), { cacheMs: 0 });
    await every.ask();
    await every.ask();
    expect(every.asked).toHaveLength(2);
    const bad = setUp(() => ({ active: false }));
    await bad.ask();
    await bad.ask();
    expect(bad.asked).toHaveLength(2);
  });

  it('asks once for callers that come at the same time', async () => {
    const { ask, asked, clock } = setUp(() => good(clock), { cacheMs: 0 });
    const results = await Promise.all(Array.from({ length: 20 }, () => ask()));
    expect(asked).toHaveLength(1);
    for (const result of results) expect(result).toMatchObject({ outcome: 'authenticated' });
  });

  it.each([
    ['500', () => new Response('down', { status: 500 })],
    ['401', () => new Response('', { status: 401 })],
    ['a redirect', () => new Response('', { status: 302, headers: { location: 'https://evil.example.com' } })],
    ['not JSON', () => new Response('<html>')],
    ['an array', () => Response.json([])],
    ['a name that comes twice', () => new Response('{"active":false,"active":true}')],
    ['too large', () => new Response(`{"active":true,"x":"${'x'.repeat(70_000)}"}`)],
    ['a network failure', () => Promise.reject(new TypeError('fetch failed')) as never],
  ])('is unavailable, and not a verdict, when the answer is %s', async (_what, answer) => {
    const { ask } = setUp(() => answer());
    expect(await ask()).toMatchObject({ outcome: 'unavailable' });
  });

  it('asks no more for a second after a failure, and then again', async () => {
    let down = true;
    const { ask, asked, clock } = setUp(() => (down ? new Response('', { status: 503 }) : good(clock)));
    await ask('a');
    expect(await ask('b')).toMatchObject({ outcome: 'unavailable', retryAfterSeconds: 1 });
    expect(asked).toHaveLength(1);
    down = false;
    clock.advance(1000);
    expect(await ask('b')).toMatchObject({ outcome: 'authenticated' });
  });

  it.each([500, 401, 403, 404, 429])('asks no more for a second after a %d', async (status) => {
    const { ask, asked } = setUp(() => new Response('', { status }));
    await ask('a');
    expect(await ask('b')).toMatchObject({ outcome: 'unavailable', retryAfterSeconds: 1 });
    expect(asked).toHaveLength(1);
  });

  it('claims every Bearer token, and one that is written wrongly, unless it is told which are its own', () => {
    const { authenticator } = setUp(() => ({}));
    expect([bearer('any'), bearer('a', 'b'), bearer()].map((request) => authenticator.claims(request))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('may be told to ask a server inside the network', async () => {
    const { ask, clock } = setUp(() => good(clock), {
      endpoint: 'http://127.0.0.1:8080/introspect',
      dangerouslyAllowPrivateNetwork: true,
    });
    expect(await ask()).toMatchObject({ outcome: 'authenticated' });
  });

  it('is not locked out by a token that the server finds malformed', async () => {
    const { ask, clock } = setUp((token) => (token === 'odd' ? new Response('', { status: 400 }) : good(clock)));
    expect(await ask('odd')).toMatchObject({ outcome: 'unavailable' });
    expect(await ask('fine')).toMatchObject({ outcome: 'authenticated' });
  });

  it('has no more questions under way than it may', async () => {
    let release: (value: unknown) => void = () => undefined;
    const { ask } = setUp(() => new Promise((resolve) => (release = resolve)) as never, { maxPending: 1 });
    const first = ask('a');
    await Promise.resolve();
    expect(await ask('b')).toMatchObject({ outcome: 'unavailable' });
    await new Promise((resolve) => setImmediate(resolve));
    release(Response.json({ active: false }));
    expect(await first).toMatchObject({ outcome: 'rejected' });
  });

  it('claims Bearer tokens, or those that it is told are its own', async () => {
    const { authenticator } = setUp(() => ({}), { recognises: (token) => token.startsWith('op_') });
    expect(authenticator.claims(bearer('op_1'))).toBe(true);
    expect(authenticator.claims(bearer('a.b.c'))).toBe(false);
    expect(authenticator.claims(bearer())).toBe(false);
    expect(await authenticator.authenticate(bearer('op_1', 'op_2'))).toMatchObject({
      outcome: 'rejected',
      denial: { status: 400 },
    });
    expect(await authenticator.authenticate(bearer())).toEqual({ outcome: 'absent' });
  });

  it.each([
    { endpoint: 'http://auth.example.com' },
    { endpoint: 'https://10.0.0.1/introspect' },
    { audience: [] },
    { issuer: '' },
    { cacheMs: 300_001 },
    { maxPending: 0 },
    { maxPending: 10_001 },
    { maxPending: 1.5 },
    { maxCached: 1 },
    { maxCached: 1_000_001 },
    { endpoint: undefined as never },
    { issuer: 7 as never },
    { scheme: 'a b' },
    { client: { id: '', secret: new Secret('s') } },
    { client: { id: 7 as never, secret: new Secret('s') } },
    { client: { id: 'x' } as never },
    { scheme: 'No' },
    { client: { id: 'x', secret: 'plain' as never } },
  ])('refuses %o', (bad) => {
    expect(() => setUp(() => ({}), bad)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });

  it('works against our own endpoint, which sees revocations', async () => {
    const { tokens, clock } = harness();
    const serve = createIntrospectionHandler({ tokens, authenticate: () => ({ audience }) });
    const authenticator = createIntrospectionAuthenticator({
      endpoint,
      issuer,
      audience,
      client: () => 'Bearer service',
      clock,
      cacheMs: 0,
      tenantClaim: 'tenant',
      fetch: (url, init) => serve(new Request(url, init)),
    });
    const issued = await tokens.issue(login);
    const request = bearer(issued.accessToken.reveal());
    expect(await authenticator.authenticate(request)).toMatchObject({ principal: { id: 'user-1', tenant: 'acme' } });
    await tokens.revoke(issued.accessToken.reveal());
    expect(await authenticator.authenticate(request)).toMatchObject({ outcome: 'rejected' });
  });
});
