import { createMemoryStorage } from '@portcullis/core';
import { describe, expect, it } from 'vitest';
import { jwtErrors } from '../src/errors.js';
import { createRevocations } from '../src/revoke/revocations.js';
import { createJwtVerifier } from '../src/verify/create-jwt-verifier.js';
import { harness, issuer, login, payloadOf, refreshKeys } from './token-harness.js';
import { goodClaims, mint, verifierHarness } from './verify-harness.js';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const refused = (option: string): unknown =>
  expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(`^${option}: `) as string });

describe('the last value that is taken, and the first that is not', () => {
  it.each<[string, object, object]>([
    ['issuer', { issuer: 'http://localhost:3000/a' }, { issuer: 'ftp://example.org' }],
    ['issuer', { issuer: 'https://a.example' }, { issuer: 'https://ada@a.example' }],
    ['issuer', { issuer: 'https://a.example' }, { issuer: 'https://a.example/ x' }],
    ['issuer', { issuer: 'https://a.example' }, { issuer: undefined }],
    ['audience', { audience: ['a', 'b'] }, { audience: ['a', 7] }],
    ['tenantClaim', { tenantClaim: 'x'.repeat(255) }, { tenantClaim: 'x'.repeat(256) }],
    ['tenantClaim', { tenantClaim: 'https://example.com/tenant_id' }, { tenantClaim: 'a b' }],
    ['accessLifetimeMs', { accessLifetimeMs: second }, { accessLifetimeMs: second - 1 }],
    [
      'refresh.inactivityMs',
      { refresh: { keys: refreshKeys, inactivityMs: minute } },
      { refresh: { keys: refreshKeys, inactivityMs: minute - 1 } },
    ],
    [
      'refresh.inactivityMs',
      { refresh: { keys: refreshKeys, inactivityMs: 400 * day } },
      { refresh: { keys: refreshKeys, inactivityMs: 400 * day + 1 } },
    ],
    [
      'refresh.lifetimeMs',
      { refresh: { keys: refreshKeys, lifetimeMs: minute } },
      { refresh: { keys: refreshKeys, lifetimeMs: minute - 1 } },
    ],
    [
      'refresh.lifetimeMs',
      { refresh: { keys: refreshKeys, lifetimeMs: 1000 * day } },
      { refresh: { keys: refreshKeys, lifetimeMs: 1000 * day + 1 } },
    ],
    [
      'refresh.graceMs',
      { refresh: { keys: refreshKeys, graceMs: 0 } },
      { refresh: { keys: refreshKeys, graceMs: -1 } },
    ],
    [
      'refresh.graceMs',
      { refresh: { keys: refreshKeys, graceMs: 5 * minute } },
      { refresh: { keys: refreshKeys, graceMs: 5 * minute + 1 } },
    ],
    [
      'refresh.graceMs',
      { refresh: { keys: refreshKeys, graceMs: 1 } },
      { refresh: { keys: refreshKeys, graceMs: 0.5 } },
    ],
  ])('createTokenIssuer: %s', (option, last, first) => {
    expect(() => harness(last)).not.toThrow();
    expect(() => harness(first)).toThrow(refused(option));
  });

  it.each<[string, object, object]>([
    ['subject', { subject: 'x'.repeat(255) }, { subject: undefined }],
    ['clientId', { clientId: ' ~' }, { clientId: 'a\u007f' }],
    ['clientId', { clientId: 'x'.repeat(255) }, { clientId: 'x'.repeat(256) }],
    ['clientId', { clientId: 'app' }, { clientId: undefined }],
    ['tenant', { tenant: 'x'.repeat(255) }, { tenant: '' }],
    ['acr', { acr: 'x' }, { acr: '' }],
    ['amr', { amr: [] }, { amr: 'pwd' }],
    ['amr', { amr: ['pwd'] }, { amr: ['pwd', ''] }],
    ['label', { label: 'x'.repeat(200) }, { label: 'x\0' }],
    ['authenticatedAt', { authenticatedAt: 0 }, { authenticatedAt: -1 }],
    ['scope', { scope: Array.from({ length: 256 }, () => 'a') }, { scope: Array.from({ length: 257 }, () => 'a') }],
    ['scope', { scope: ['!#[]~'] }, { scope: ['\\'] }],
    ['scope', { scope: ['x'.repeat(256)] }, { scope: ['x'.repeat(257)] }],
    ['scope', { scope: [] }, { scope: 'posts:read' }],
    ['claims', { claims: {} }, { claims: [] }],
    ['claims', { claims: { a: null } }, { claims: null }],
    ['claims', { claims: { a: 'x' } }, { claims: { a: undefined } }],
    ['claims', { claims: { a: [] } }, { claims: { a: () => 1 } }],
    ['claims', { claims: { a: false } }, { claims: { a: Symbol('x') } }],
  ])('issue: %s', async (option, last, first) => {
    const { tokens } = harness();
    await expect(tokens.issue({ ...login, ...last })).resolves.toHaveProperty('accessToken');
    await expect(tokens.issue({ ...login, ...first } as typeof login)).rejects.toThrow(refused(option));
  });

  it('issue: a check that began an hour ago', async () => {
    const { tokens, clock } = harness();
    await expect(tokens.issue({ ...login, startedAt: clock() - hour })).resolves.toHaveProperty('accessToken');
    await expect(tokens.issue({ ...login, startedAt: clock() - hour - 1 })).rejects.toThrow(refused('startedAt'));
  });

  it.each<[string, object, object]>([
    ['issuer', { issuer: 'x' }, { issuer: '' }],
    ['issuer', { issuer: 'x' }, { issuer: 7 }],
    ['staleMs', { staleMs: 0 }, { staleMs: -1 }],
    ['staleMs', { staleMs: 5 * minute }, { staleMs: 5 * minute + 1 }],
    ['maxRemembered', { maxRemembered: 0 }, { maxRemembered: -1 }],
    ['maxRemembered', { maxRemembered: 10_000_000 }, { maxRemembered: 10_000_001 }],
    ['maxRemembered', { maxRemembered: 1 }, { maxRemembered: 1.5 }],
    ['maxTokenLifetimeMs', { maxTokenLifetimeMs: second }, { maxTokenLifetimeMs: second - 1 }],
    ['maxTokenLifetimeMs', { maxTokenLifetimeMs: 400 * day }, { maxTokenLifetimeMs: 400 * day + 1 }],
  ])('createRevocations: %s', (option, last, first) => {
    const make = (options: object) => () => createRevocations({ storage: createMemoryStorage(), issuer, ...options });
    expect(make(last)).not.toThrow();
    expect(make(first)).toThrow(refused(option));
  });

  it.each<[string, object, object]>([
    ['maxTokenLength', { maxTokenLength: 256 }, { maxTokenLength: 255 }],
    ['maxTokenLength', { maxTokenLength: 65_536 }, { maxTokenLength: 65_537 }],
    ['maxTokenLength', { maxTokenLength: 256 }, { maxTokenLength: 256.5 }],
    ['clockToleranceMs', { clockToleranceMs: minute }, { clockToleranceMs: minute + 1 }],
    ['cache.max', { cache: { max: 2 } }, { cache: { max: 1 } }],
    ['cache.max', { cache: { max: 1_000_000 } }, { cache: { max: 1_000_001 } }],
    ['cache.max', { cache: { max: 3 } }, { cache: { max: 2.5 } }],
    ['cache.ttlMs', { cache: { ttlMs: second } }, { cache: { ttlMs: second - 1 } }],
    ['cache.ttlMs', { cache: { ttlMs: day } }, { cache: { ttlMs: day + 1 } }],
    ['audience', { audience: 'a' }, { audience: [7] }],
    ['tenantClaim', { tenantClaim: 'org' }, { tenantClaim: 7 }],
    ['scopesWhenAbsent', { scopesWhenAbsent: ['a'] }, { scopesWhenAbsent: 'a' }],
    ['scopeClaims', { scopeClaims: ['a'] }, { scopeClaims: [''] }],
    ['algorithms', { algorithms: ['HS256'] }, { algorithms: [] }],
    ['algorithms', { algorithms: ['HS256'] }, { algorithms: 'HS256' }],
    ['algorithms', { algorithms: ['HS256'] }, { algorithms: ['hs256'] }],
    ['algorithms', { algorithms: ['HS256'] }, { algorithms: ['HS256', 'ES256'] }],
    ['algorithms', { algorithms: ['HS256'] }, { algorithms: ['HS256', 'HS512'] }],
    ['subjects', { subjects: 'federated' }, { subjects: '' }],
  ])('createJwtVerifier: %s', (option, last, first) => {
    expect(() => verifierHarness(last)).not.toThrow();
    expect(() => verifierHarness(first)).toThrow(refused(option));
  });

  it('a token of exactly the longest length', async () => {
    const { clock } = verifierHarness();
    const token = mint(goodClaims(clock(), { pad: 'x'.repeat(300) }));
    expect(await verifierHarness({ maxTokenLength: token.length }).judge(token)).toBe('verified');
    expect(await verifierHarness({ maxTokenLength: token.length - 1 }).judge(token)).toBe('too_long');
  });

  it('one way to the keys', () => {
    const one = { issuer, audience: 'a', algorithms: ['HS256'] };
    for (const ways of [{}, { key: 'x'.repeat(40), keys: [] }, { jwks: { keys: [] }, discovery: true }])
      expect(() => createJwtVerifier({ ...one, ...ways } as never)).toThrow(refused('key'));
  });
});

describe('createTokenIssuer: events and answers', () => {
  it('say which login of whom began, went on and ended, and why', async () => {
    const { tokens, events } = harness();
    const heard: unknown[] = [];
    events.on('*', ({ at: _, time: __, ...event }) => heard.push(event));
    const issued = await tokens.issue(login);
    const facts = { family: issued.family, subject: 'user-1', clientId: 'app', tenant: 'acme' };
    const refreshToken = issued.refreshToken?.reveal() ?? '';
    await tokens.refresh(refreshToken, { clientId: 'app' });
    await tokens.refresh(refreshToken, { clientId: 'app' });
    await tokens.refresh(refreshToken, { clientId: 'other' });
    await tokens.refresh('junk', { clientId: 'app' });
    await tokens.revoke(refreshToken);
    await tokens.issue(login);
    await tokens.revokeAll('user-1');
    expect(heard).toEqual([
      { type: 'tokens.issued', ...facts },
      { type: 'tokens.refreshed', ...facts, generation: 1, repeated: false },
      { type: 'tokens.refreshed', ...facts, generation: 1, repeated: true },
      { type: 'tokens.refused', reason: 'wrong_client', family: issued.family, clientId: 'other' },
      { type: 'tokens.refused', reason: 'malformed', family: undefined, clientId: 'app' },
      { type: 'tokens.revoked', ...facts, reason: 'logout' },
      { type: 'tokens.issued', ...facts, family: expect.any(String) as string },
      { type: 'tokens.user_revoked', subject: 'user-1', count: 1, except: undefined },
    ]);
  });

  it('lists a login with what its user may see, page by page', async () => {
    const { tokens, clock } = harness();
    const createdAt = clock();
    const issued = await tokens.issue({ ...login, label: 'Phone', authenticatedAt: clock() });
    clock.advance(minute);
    await tokens.refresh(issued.refreshToken?.reveal() ?? '', { clientId: 'app' });
    const usedAt = clock();
    clock.advance(1);
    const latest = await tokens.issue(login);
    const first = await tokens.list('user-1', { limit: 1 });
    const rest = await tokens.list('user-1', { limit: 1, cursor: first.cursor });
    expect(first.items.map(({ id }) => id)).toEqual([latest.family]);
    expect(rest.items).toEqual([
      {
        id: issued.family,
        subject: 'user-1',
        clientId: 'app',
        scope: ['posts:read', 'posts:write'],
        tenant: 'acme',
        label: 'Phone',
        createdAt,
        usedAt,
        expiresAt: usedAt + 30 * day,
        authenticatedAt: createdAt,
      },
    ]);
  });

  it('ends what a client may end, and says of the rest why not', async () => {
    const { tokens } = harness();
    const issued = await tokens.issue(login);
    const [access, refresh] = [issued.accessToken.reveal(), issued.refreshToken?.reveal() ?? ''];
    for (const token of [access, refresh])
      expect(await tokens.revoke(token, { clientId: 'other' })).toBe('wrong_client');
    expect(await tokens.introspect(access)).toMatchObject({ active: true });
    expect(await tokens.revoke('junk', { clientId: 'app' })).toBe('unknown');
    expect(await tokens.revoke(access, { clientId: 'app' })).toBe('revoked');
    expect(await tokens.introspect(access)).toEqual({ active: false });
    expect(await tokens.revokeFamily(issued.family ?? '', { subject: 'user-2' })).toBe(false);
    expect(await tokens.revokeFamily('nobody', { subject: 'user-1' })).toBe(false);
    expect(await tokens.revokeFamily(issued.family ?? '', { subject: 'user-1' })).toBe(true);
    expect(await tokens.refresh(refresh, { clientId: 'app' })).toMatchObject({ ok: false, reason: 'unknown' });
  });

  it("says in a client's own token that it is one, and nothing of a login", async () => {
    const { tokens, clock } = harness();
    const { accessToken, refreshToken, expiresIn, family, reveal } = await tokens.issueForClient({
      clientId: 'reports',
      scope: ['a', 'b', 'a'],
      tenant: 'acme',
      claims: { plan: 'pro' },
    });
    expect(payloadOf(accessToken.reveal())).toEqual({
      iss: issuer,
      aud: expect.any(String) as string,
      sub: 'client:reports',
      client_id: 'reports',
      gty: 'client-credentials',
      iat: clock() / 1000,
      exp: clock() / 1000 + 900,
      jti: expect.any(String) as string,
      scope: 'a b',
      tenant: 'acme',
      plan: 'pro',
    });
    expect([refreshToken, expiresIn, family]).toEqual([undefined, 900, undefined]);
    expect(Object.keys(reveal()).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type']);
    await expect(tokens.issueForClient({ clientId: '', scope: [] })).rejects.toThrow(refused('clientId'));
    await expect(tokens.issueForClient({ clientId: 'a', scope: [], tenant: '' })).rejects.toThrow(refused('tenant'));
    await expect(tokens.issueForClient({ clientId: 'a', scope: [], claims: { sub: 'x' } })).rejects.toThrow(
      refused('claims'),
    );
  });
});

describe('jwtErrors', () => {
  it('answers each failure with its status, and says whether the same again may do', () => {
    expect(Object.entries(jwtErrors).map(([code, { status, retryable }]) => [code, status, retryable])).toEqual([
      ['invalid_option', 500, false],
      ['invalid_key', 500, false],
      ['keys_unavailable', 503, true],
      ['signing_failed', 503, true],
      ['login_revoked', 409, false],
    ]);
  });
});
