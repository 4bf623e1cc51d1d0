import { Secret } from '@portcullis/core';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { generateKeyPair, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { createIntrospection } from '../src/tokens/introspection.js';
import { requestByAssertion, signAssertion } from '../src/tokens/jwt-bearer.js';
import { outermostActor } from '../src/tokens/outermost-actor.js';
import { revokeToken } from '../src/tokens/revoke-token.js';
import { exchangeToken, type TokenExchange, tokenTypes } from '../src/tokens/token-exchange.js';
import { refusal, tokenEndpoint } from './support/token-endpoint.js';

describe('exchangeToken', () => {
  const exchanged = {
    access_token: 'new',
    token_type: 'Bearer',
    issued_token_type: tokenTypes['accessToken'],
    expires_in: 60,
  };

  it(`sends what stands for whom, and says what was issued ${requirement('O27', 'O14')}`, async () => {
    const { connection, asked, clock } = tokenEndpoint(() => exchanged);
    const result = await exchangeToken(connection, {
      subjectToken: new Secret('subject'),
      actorToken: 'actor',
      actorTokenType: tokenTypes['jwt'] ?? '',
      requestedTokenType: tokenTypes['accessToken'] ?? '',
      audience: 'backend',
      resource: 'https://backend.example.com',
      scopes: ['read'],
    });
    expect(Object.fromEntries(asked[0]?.form ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'subject',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      actor_token: 'actor',
      actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: 'backend',
      resource: 'https://backend.example.com',
      scope: 'read',
    });
    expect(result).toMatchObject({
      issuedTokenType: tokenTypes['accessToken'],
      tokenType: 'bearer',
      scopes: ['read'],
      expiresAt: clock() + 60_000,
    });
    expect(result.token.reveal()).toBe('new');
    expect(JSON.stringify(result)).not.toContain('"new"');
  });

  it('tells a token that is no access token apart', async () => {
    const { connection } = tokenEndpoint(() => ({
      ...exchanged,
      token_type: 'N_A',
      issued_token_type: tokenTypes['idToken'],
    }));
    expect(await exchangeToken(connection, { subjectToken: 's' })).toMatchObject({ tokenType: 'none' });
  });

  it.each<[string, object, Partial<TokenExchange>]>([
    ['no issued_token_type', { issued_token_type: undefined }, {}],
    ['an issued_token_type that is no text', { issued_token_type: 7 }, {}],
    ['another type than was asked for', {}, { requestedTokenType: tokenTypes['jwt'] ?? '' }],
    ['an access token that is none', { token_type: 'N_A' }, {}],
    ['a type that nobody knows', { token_type: 'mac' }, {}],
  ])(`takes no answer with %s ${requirement('O27', 'O17')}`, async (_title, changes, asked) => {
    const { connection } = tokenEndpoint(() => ({ ...exchanged, ...changes }));
    await expect(exchangeToken(connection, { subjectToken: 's', ...asked })).rejects.toMatchObject({
      code: 'provider_misbehaved',
    });
  });

  it('wants the type of an actor token with it', async () => {
    const { connection, asked } = tokenEndpoint(() => exchanged);
    await expect(exchangeToken(connection, { subjectToken: 's', actorToken: 'a' })).rejects.toThrow(/actorTokenType/);
    expect(asked).toEqual([]);
  });
});

describe('outermostActor', () => {
  it(`names who acts now, and nobody of before ${requirement('O27')}`, () => {
    const act = { sub: 'service-2', iss: 'https://a', act: { sub: 'service-1', act: { sub: 'admin' } } };
    expect(outermostActor(act)).toEqual({ subject: 'service-2', issuer: 'https://a' });
    expect(outermostActor(undefined)).toBeUndefined();
    for (const nobody of [null, 'service', {}, { sub: '' }, { act: { sub: 'inner' } }, { sub: 'a', iss: 7 }]) {
      expect(() => outermostActor(nobody)).toThrow(TypeError);
    }
  });
});

describe('requestByAssertion', () => {
  it('signs an assertion of a short life and an id of its own, and trades it for a token', async () => {
    const clock = fakeClock();
    const { connection, asked } = tokenEndpoint(() => ({ access_token: 'a', token_type: 'Bearer' }), { clock });
    for (const alg of ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA']) {
      const { privateKey, publicKey } = await generateKeyPair(alg);
      const options = { issuer: 'app', subject: 'robot', audience: 'https://id.example.com', clock };
      const assertion = await signAssertion({
        ...options,
        key: { key: privateKey, kid: 'k' },
        claims: { scope: 'x', sub: 'root' },
      });
      expect((await requestByAssertion(connection, { assertion, scopes: ['x'] })).accessToken.reveal()).toBe('a');
      const { form } = asked.at(-1) ?? { form: new URLSearchParams() };
      expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
      const { payload, protectedHeader } = await jwtVerify(form.get('assertion') ?? '', publicKey, {
        currentDate: new Date(clock()),
        audience: 'https://id.example.com',
      });
      expect(protectedHeader).toMatchObject({ alg, kid: 'k' });
      expect(payload).toMatchObject({ iss: 'app', sub: 'robot', scope: 'x' });
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
    }
    const ids = asked.map(({ form }) => form.get('assertion'));
    expect(new Set(ids).size).toBe(5);
  });

  it('signs with no key that is public or for something else', async () => {
    const { publicKey } = await generateKeyPair('ES256');
    const options = { issuer: 'a', subject: 'b', audience: 'c' };
    await expect(signAssertion({ ...options, key: publicKey })).rejects.toThrow(/private CryptoKey/);
  });
});

describe('createIntrospection', () => {
  const endpoint = (said: (now: number) => object, options: Parameters<typeof createIntrospection>[1] = {}) => {
    const clock = fakeClock();
    const parts = tokenEndpoint(() => said(clock() / 1000), { clock });
    return { ...parts, introspection: createIntrospection(parts.connection, options) };
  };

  it.each<[string, (now: number) => object]>([
    ['active false', () => ({ active: false, sub: 'alice' })],
    ['an end that has come', (now) => ({ active: true, exp: now })],
    ['an end that is no number', () => ({ active: true, exp: 'tomorrow' })],
    ['a beginning to come', (now) => ({ active: true, nbf: now + 1 })],
    ['another issuer', () => ({ active: true, iss: 'https://evil.example.com' })],
    ['an actor who is nobody', () => ({ active: true, act: { act: { sub: 'inner' } } })],
  ])(`lets no token pass with %s ${requirement('O28')}`, async (_title, said) => {
    expect(await endpoint(said).introspection.introspect('t')).toEqual({ active: false });
  });

  it.each([{ active: 'true' }, { active: 1 }, {}, []])(
    `lets no token pass that the server calls %j ${requirement('O28')}`,
    async (said) => {
      await expect(endpoint(() => said).introspection.introspect('t')).rejects.toMatchObject({
        code: 'provider_misbehaved',
      });
    },
  );

  it(`names only the outermost actor, and the key a token is bound to ${requirement('O27', 'O28')}`, async () => {
    const { introspection, asked } = endpoint((now) => ({
      active: true,
      sub: 'alice',
      client_id: 'spa',
      scope: 'a  b',
      aud: ['x', 'y'],
      exp: now + 60,
      act: { sub: 'robot', act: { sub: 'admin' } },
      cnf: { jkt: 'thumb' },
    }));
    expect(await introspection.introspect(new Secret('t'))).toMatchObject({
      active: true,
      subject: 'alice',
      clientId: 'spa',
      scopes: ['a', 'b'],
      audience: ['x', 'y'],
      actor: { subject: 'robot' },
      confirmation: { jkt: 'thumb' },
    });
    expect(asked[0]?.headers.get('authorization')).toMatch(/^Basic /);
    expect(asked[0]?.form.get('token')).toBe('t');
  });

  it(`believes an answer as long as it may, never beyond the token's end ${requirement('O28')}`, async () => {
    const clock = fakeClock();
    const exp = clock() / 1000 + 20;
    const parts = tokenEndpoint(
      ({ form }) => (form.get('token') === 'good' ? { active: true, exp } : { active: false }),
      {
        clock,
      },
    );
    const introspection = createIntrospection(parts.connection, { cacheMs: 60_000 });
    const good = async (): Promise<boolean> => (await introspection.introspect('good')).active;
    await Promise.all([good(), good(), good()]);
    clock.advance(19_999);
    expect(await good()).toBe(true);
    expect(parts.asked).toHaveLength(1);
    clock.advance(1);
    expect(await good()).toBe(false);
    expect(parts.asked).toHaveLength(2);
    for (let call = 0; call < 3; call++) await introspection.introspect('bad');
    expect(parts.asked).toHaveLength(5);
  });

  it('asks each time by default, and is an outage when nobody answers', async () => {
    let up = true;
    const parts = tokenEndpoint(() => (up ? { active: true } : refusal('server_error', 500)));
    const introspection = createIntrospection(parts.connection);
    await introspection.introspect('t');
    up = false;
    await expect(introspection.introspect('t')).rejects.toMatchObject({ code: 'provider_unavailable', status: 503 });
  });
});

describe('revokeToken', () => {
  it('says when a provider revokes nothing, or not this kind', async () => {
    const none = tokenEndpoint(() => ({}));
    expect(await revokeToken(none.connection, { token: 't' })).toBe('unsupported');
    expect(none.asked).toEqual([]);
    const metadata = { revocation_endpoint: 'https://id.example.com/revoke' };
    const some = tokenEndpoint(() => refusal('unsupported_token_type'), { metadata });
    expect(await revokeToken(some.connection, { token: 't', hint: 'access_token' })).toBe('unsupported');
    expect(some.asked[0]?.form.get('token_type_hint')).toBe('access_token');
    const busy = tokenEndpoint(() => new Response('', { status: 503 }), { metadata });
    await expect(revokeToken(busy.connection, { token: 't' })).rejects.toMatchObject({ code: 'provider_unavailable' });
  });
});
