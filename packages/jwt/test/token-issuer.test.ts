import { createHash } from 'node:crypto';
import { decodeBase64url, type Secret } from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { fixedSigningKeys } from '../src/sign/fixed-signing-keys.js';
import { createJwtVerifier } from '../src/verify/create-jwt-verifier.js';
import { audience, harness, headerOf, issuer, login, payloadOf, testKeys } from './token-harness.js';

const verifierOf = (clock: () => number) =>
  createJwtVerifier({ issuer, audience, algorithms: ['EdDSA'], keys: testKeys, tenantClaim: 'tenant', clock });

describe('createTokenIssuer', () => {
  it(`issues access tokens with every claim of RFC 9068, which the verifier takes ${requirement('J16')}`, async () => {
    const { tokens, clock } = harness();
    const at = clock() / 1000;
    const issued = await tokens.issue({
      ...login,
      authenticatedAt: clock() - 1500,
      acr: 'urn:example:2fa',
      claims: { plan: 'pro' },
    });
    const access = issued.accessToken.reveal();
    expect(headerOf(access)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: expect.any(String) });
    expect(payloadOf(access)).toEqual({
      iss: issuer,
      aud: audience,
      sub: 'user-1',
      client_id: 'app',
      iat: at,
      exp: at + 900,
      jti: issued.id,
      sid: issued.family,
      scope: 'posts:read posts:write',
      tenant: 'acme',
      auth_time: at - 2,
      acr: 'urn:example:2fa',
      amr: ['pwd'],
      plan: 'pro',
    });
    expect(await verifierOf(clock).verify(access)).toMatchObject({
      outcome: 'verified',
      token: {
        principal: { kind: 'user', id: 'user-1', tenant: 'acme', clientId: 'app' },
        credential: { id: issued.id, scopes: ['posts:read', 'posts:write'], acr: 'urn:example:2fa' },
      },
    });
  });

  it('makes a jti of 128 random bits, another for each token', async () => {
    const { tokens } = harness();
    const ids = await Promise.all(Array.from({ length: 50 }, async () => (await tokens.issue(login)).id));
    expect(new Set(ids).size).toBe(50);
    for (const id of ids) expect(decodeBase64url(id)).toHaveLength(16);
  });

  it(`says in every token who it is for ${requirement('J32')}`, async () => {
    const one = harness();
    const many = harness({ audience: [audience, 'https://files.example.com'] });
    const client = await one.tokens.issueForClient({ clientId: 'reports', scope: [] });
    expect(payloadOf(client.accessToken.reveal())['aud']).toBe(audience);
    expect(payloadOf((await many.tokens.issue(login)).accessToken.reveal())['aud']).toEqual([
      audience,
      'https://files.example.com',
    ]);
    for (const bad of ['', [], ['']]) expect(() => harness({ audience: bad })).toThrow('audience');
  });

  it(`never gives a client the sub of a user, or a user that of a client ${requirement('J17')}`, async () => {
    const { tokens, clock } = harness();
    const issued = await tokens.issueForClient({ clientId: 'user-1', scope: ['reports:read'] });
    const claims = payloadOf(issued.accessToken.reveal());
    expect(claims).toMatchObject({ sub: 'client:user-1', client_id: 'user-1' });
    expect(claims).not.toHaveProperty('sid');
    expect(issued.refreshToken).toBeUndefined();
    const verifier = createJwtVerifier({ issuer, audience, algorithms: ['EdDSA'], keys: testKeys, clock });
    expect(await verifier.verify(issued.accessToken.reveal())).toMatchObject({
      token: { principal: { kind: 'client', id: 'client:user-1' } },
    });
    await expect(tokens.issue({ ...login, subject: 'client:user-1' })).rejects.toMatchObject({
      code: 'invalid_option',
    });
    await expect(tokens.issue({ ...login, subject: 'app' })).rejects.toMatchObject({ code: 'invalid_option' });
  });

  it(`is not believed by a guard when it is a refresh token ${requirement('F10')}`, async () => {
    const { tokens, clock } = harness();
    const issued = await tokens.issue(login);
    const text = (issued.refreshToken as Secret).reveal();
    const verifier = verifierOf(clock);
    expect(await verifier.verify(text)).toMatchObject({ outcome: 'rejected' });
    const request = {
      method: 'GET',
      url: '/',
      ip: undefined,
      header: (name: string) => (name === 'authorization' ? `Bearer ${text}` : undefined),
      headerValues: (name: string) => (name === 'authorization' ? [`Bearer ${text}`] : []),
    };
    expect(await verifier.authenticator().authenticate(request)).toMatchObject({
      outcome: 'rejected',
      denial: { status: 401, code: 'invalid_token' },
    });
    expect(await tokens.introspect(text)).toEqual({ active: false });
  });

  it.each([
    'iss',
    'sub',
    'aud',
    'exp',
    'iat',
    'jti',
    'client_id',
    'scope',
    'sid',
    'auth_time',
    'tenant',
    'gty',
    'cnf',
    'act',
  ])('lets no custom claim override %s', async (name) => {
    await expect(harness().tokens.issue({ ...login, claims: { [name]: 'x' } })).rejects.toThrow(`"${name}"`);
  });

  // Titles name the member only: a lone surrogate in one does not survive every runner's way to its reporter.
  const bad: readonly Readonly<Record<string, unknown>>[] = [
    { subject: '' },
    { subject: 'a\0b' },
    { subject: '\ud800' },
    { subject: 'x'.repeat(256) },
    { clientId: '' },
    { clientId: 'ü' },
    { scope: ['two words'] },
    { scope: ['"'] },
    { scope: [''] },
    { authenticatedAt: 1.5 },
    { startedAt: Date.UTC(2025, 0, 1) },
    { claims: { when: 1n } },
    { label: 'x'.repeat(201) },
  ];
  it.each(bad.map((each, at) => [Object.keys(each)[0], at, each] as const))(
    'refuses a login with a bad %s (%i)',
    async (_name, _at, each) => {
      await expect(harness().tokens.issue({ ...login, ...each } as typeof login)).rejects.toMatchObject({
        code: 'invalid_option',
      });
    },
  );

  it.each([
    { issuer: 'auth.example.com' },
    { issuer: 'https://auth.example.com/?x=1' },
    { issuer: 'https://auth.example.com/#f' },
    { accessLifetimeMs: 999 },
    { accessLifetimeMs: 86_400_001 },
    { tenantClaim: 'sub' },
    { refresh: { keys: { current: 'a', keys: {} } } },
    { refresh: { keys: { current: 'k', keys: { k: 'short' } } } },
  ])('refuses options that cannot be: %o', (bad) => {
    expect(() => harness(bad)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });

  it('tells two tokens of one second apart when a revocation lies between them', async () => {
    const { tokens, clock } = harness();
    const verifier = createJwtVerifier({
      issuer,
      audience,
      algorithms: ['EdDSA'],
      keys: testKeys,
      revocations: tokens.revocations,
      clock,
    });
    clock.advance(400);
    const before = await tokens.issue(login);
    await tokens.revokeAll('user-1');
    const after = await tokens.issue(login);
    expect(payloadOf(after.accessToken.reveal())['iat']).toBe((clock() + 1) / 1000);
    expect(await verifier.verify(before.accessToken.reveal())).toMatchObject({ fault: 'revoked' });
    expect(await verifier.verify(after.accessToken.reveal())).toMatchObject({ outcome: 'verified' });
    clock.advance(600);
    expect(Number.isInteger(payloadOf((await tokens.issue(login)).accessToken.reveal())['iat'])).toBe(true);
  });

  it('introspects good access tokens, and says nothing of any other', async () => {
    const { tokens, clock } = harness();
    const issued = await tokens.issue(login);
    const access = issued.accessToken.reveal();
    expect(await tokens.introspect(access)).toMatchObject({
      active: true,
      sub: 'user-1',
      client_id: 'app',
      token_type: 'Bearer',
    });
    expect(await tokens.introspect(access, { audience })).toMatchObject({ active: true });
    expect(await tokens.introspect(access, { audience: 'https://other.example.com' })).toEqual({ active: false });
    const stranger = harness({ issuer: 'https://other.example.com' });
    for (const bad of ['', 'junk', `${access}x`, (await stranger.tokens.issue(login)).accessToken.reveal()]) {
      expect(await tokens.introspect(bad)).toEqual({ active: false });
    }
    await tokens.revoke(access);
    expect(await tokens.introspect(access)).toEqual({ active: false });
    clock.advance(900_000);
    const late = await tokens.issue(login);
    clock.advance(900_000);
    expect(await tokens.introspect(late.accessToken.reveal())).toEqual({ active: false });
  });

  it('signs with a key that never leaves a KMS, and refuses a signature in the wrong form', async () => {
    const pair = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ])) as CryptoKeyPair;
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
    const publicKey = { kty: kty ?? '', crv, x, y };
    const sign = async (input: Uint8Array<ArrayBuffer>) =>
      new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, input));
    const keys = fixedSigningKeys({ current: { algorithm: 'ES256', publicKey, sign } });
    const { tokens, clock } = harness({ keys });
    const issued = await tokens.issue(login);
    const verifier = createJwtVerifier({ issuer, audience, algorithms: ['ES256'], jwks: await keys.jwks(), clock });
    expect(await verifier.verify(issued.accessToken.reveal())).toMatchObject({ outcome: 'verified' });
    const der = harness({
      keys: fixedSigningKeys({ current: { algorithm: 'ES256', publicKey, sign: () => new Uint8Array(70) } }),
    });
    await expect(der.tokens.issue(login)).rejects.toMatchObject({ code: 'signing_failed' });
  });
});

describe('fixedSigningKeys', () => {
  const secret = new Uint8Array(createHash('sha256').update('a secret for tests').digest());

  it(`signs with EdDSA, ES256 and PS256 as they are, and with RS256 only when that is said aloud ${requirement('J8')}`, async () => {
    const rsa = (await crypto.subtle.exportKey(
      'jwk',
      (
        (await crypto.subtle.generateKey(
          { name: 'RSA-PSS', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
          true,
          ['sign', 'verify'],
        )) as CryptoKeyPair
      ).privateKey,
    )) as Record<string, unknown>;
    const { n, e, d, p, q, dp, dq, qi } = rsa;
    const key = { kty: 'RSA', n, e, d, p, q, dp, dq, qi } as never;
    expect(() => fixedSigningKeys({ current: { algorithm: 'RS256', key } })).toThrow('dangerouslyAllowRs256');
    expect(() => fixedSigningKeys({ current: { algorithm: 'none' as never, key } })).toThrow('EdDSA, ES256, PS256');
    for (const algorithm of ['PS256', 'RS256'] as const) {
      const keys = fixedSigningKeys({ current: { algorithm, key }, dangerouslyAllowRs256: true });
      const { tokens, clock } = harness({ keys });
      const verifier = createJwtVerifier({ issuer, audience, algorithms: [algorithm], keys, clock });
      expect(await verifier.verify((await tokens.issue(login)).accessToken.reveal())).toMatchObject({
        outcome: 'verified',
      });
    }
  });

  it('keeps a secret out of the key set, and gives it no id that is made of it', async () => {
    expect(() => fixedSigningKeys({ current: { algorithm: 'HS256', key: secret } })).toThrow('kid');
    const keys = fixedSigningKeys({ current: { algorithm: 'HS256', key: secret, kid: 'one' } });
    expect(await keys.jwks()).toEqual({ keys: [] });
    const { tokens, clock } = harness({ keys });
    const verifier = createJwtVerifier({ issuer, audience, algorithms: ['HS256'], keys, clock });
    expect(await verifier.verify((await tokens.issue(login)).accessToken.reveal())).toMatchObject({
      outcome: 'verified',
    });
  });

  it('publishes nothing but public members, of every key', async () => {
    const set = await testKeys.jwks();
    expect(set.keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x']]);
  });

  it('takes tokens of next, current and previous keys', async () => {
    const made = async () => {
      const pair = (await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify'])) as CryptoKeyPair;
      const { kty, crv, x, d } = await crypto.subtle.exportKey('jwk', pair.privateKey);
      return { algorithm: 'EdDSA' as const, key: { kty: kty ?? '', crv, x, d } };
    };
    const [old, now, next] = await Promise.all([made(), made(), made()]);
    const { tokens, replica, clock } = harness({ keys: fixedSigningKeys({ current: old, next: now }) });
    const before = await tokens.issue(login);
    const keys = fixedSigningKeys({ current: now, next, previous: [old] });
    const after = await replica({ keys }).issue(login);
    const verifier = createJwtVerifier({ issuer, audience, algorithms: ['EdDSA'], jwks: await keys.jwks(), clock });
    for (const { accessToken } of [before, after])
      expect(await verifier.verify(accessToken.reveal())).toMatchObject({ outcome: 'verified' });
    expect(() => fixedSigningKeys({ current: now, next: now })).toThrow('next.kid');
  });
});
