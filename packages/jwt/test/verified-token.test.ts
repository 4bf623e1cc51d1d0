import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createJwtVerifier } from '../src/verify/create-jwt-verifier.js';
import type { StandardSchema } from '../src/verify/standard-schema.js';
import type { JsonObject } from '../src/verify/strict-json.js';
import { tokenFaults } from '../src/verify/token-fault.js';
import type { Verified } from '../src/verify/verification.js';
import { audience, goodClaims, issuer, mint, secret, verifierHarness } from './verify-harness.js';

const create =
  (options: object): (() => unknown) =>
  () =>
    createJwtVerifier({ issuer, audience, algorithms: ['HS256'], key: secret, ...options } as never);

function verified(result: unknown): Verified<JsonObject, never>['token'] {
  const { outcome, token } = result as Verified<JsonObject, never>;
  expect(outcome).toBe('verified');
  return token;
}

describe('createJwtVerifier and what it makes of a token', () => {
  it(`keys federated users on issuer and subject ${requirement('C9')}`, async () => {
    const issuers = ['https://a.example', 'https://b.example'].map((iss) => ({
      issuer: iss,
      audience,
      algorithms: ['HS256'] as const,
      key: secret,
    }));
    const verifier = createJwtVerifier({ issuers, clock: () => 0 });
    const ids: unknown[] = [];
    for (const iss of ['https://a.example', 'https://b.example']) {
      ids.push(verified(await verifier.verify(mint(goodClaims(0, { iss, email: 'same@example.com' })))).principal);
    }
    expect(ids).toMatchObject([{ id: 'https://a.example#user-1' }, { id: 'https://b.example#user-1' }]);
    const local = issuers.map((one) => ({ ...one, subjects: 'local' as const }));
    expect(() => createJwtVerifier({ issuers: local })).toThrow(/^issuers: two are local/);
    expect(() => createJwtVerifier({ issuers: [{ ...issuers[0]!, issuer: 'https://a.example#x' }] })).toThrow(
      /^issuers\[0\]\.issuer: /,
    );
    expect(() => createJwtVerifier({ issuers: [issuers[0]!, issuers[0]!] })).toThrow(/^issuers: two have the same/);
  });

  it(`never gives a client the id of a user ${requirement('J17')}`, async () => {
    const { verifier, clock } = verifierHarness();
    const principalOf = async (claims: JsonObject): Promise<unknown> =>
      verified(await verifier.verify(mint(goodClaims(clock(), claims)))).principal;
    expect(await principalOf({ sub: 'user-1', client_id: 'app' })).toMatchObject({ kind: 'user', id: 'user-1' });
    expect(await principalOf({ sub: 'user-1', client_id: 'user-1' })).toMatchObject({
      kind: 'client',
      id: 'client:user-1',
      clientId: 'user-1',
    });
    expect(await principalOf({ sub: 'user-1', client_id: undefined, azp: 'user-1' })).toMatchObject({
      kind: 'client',
      id: 'client:user-1',
    });
    expect(await principalOf({ sub: 'm2m@clients', client_id: 'm2m', gty: 'client-credentials' })).toMatchObject({
      kind: 'client',
      id: 'client:m2m',
    });
    expect(await principalOf({ sub: 'object-id', client_id: 'm2m', idtyp: 'app' })).toMatchObject({
      kind: 'client',
      id: 'client:m2m',
    });
    const { judgeClaims } = verifierHarness();
    expect(await judgeClaims({ sub: 'client:app', client_id: 'web' })).toBe('claim');
  });

  it(`brings sub, scope and authorization_details into the decision ${requirement('C8')}`, async () => {
    const details = [{ type: 'payment', actions: ['initiate'] }];
    const { verifier, clock, judgeClaims } = verifierHarness();
    const { credential } = verified(
      await verifier.verify(mint(goodClaims(clock(), { authorization_details: details }))),
    );
    expect(credential).toMatchObject({ authorizationDetails: details, scopes: ['posts:read', 'posts:write'] });
    for (const odd of ['payment', {}, null, [1], [null], [{}], [{ type: 1 }], [...details, { kind: 'x' }]]) {
      expect(await judgeClaims({ authorization_details: odd })).toBe('claim');
    }
    for (const sub of ['', 1, null, [], {}]) expect(await judgeClaims({ sub })).toBe('claim');
    expect(await judgeClaims({ sub: undefined })).toBe('missing_claim');
  });

  it('reads scopes from the first claim that has them', async () => {
    const scopesOf = async (
      claims: JsonObject,
      options: Parameters<typeof verifierHarness>[0] = {},
    ): Promise<unknown> => {
      const { verifier, clock } = verifierHarness(options);
      return verified(await verifier.verify(mint(goodClaims(clock(), { scope: undefined, ...claims })))).credential
        .scopes;
    };
    expect(await scopesOf({ scope: 'a b', scp: ['c'] })).toEqual(['a', 'b']);
    expect(await scopesOf({ scp: ['c', 'd'] })).toEqual(['c', 'd']);
    expect(await scopesOf({ scp: 'c d' })).toEqual(['c', 'd']);
    expect(await scopesOf({ scope: '' })).toEqual([]);
    expect(await scopesOf({ permissions: ['x'] })).toEqual([]);
    expect(await scopesOf({ permissions: ['x'], scope: 'openid' }, { scopeClaims: ['permissions'] })).toEqual(['x']);
    expect(await scopesOf({}, { scopesWhenAbsent: ['base'] })).toEqual(['base']);
    expect(await scopesOf({}, { scopesWhenAbsent: 'unlimited' })).toBeUndefined();
    const { judgeClaims } = verifierHarness();
    for (const scope of [1, null, {}, [1], ['a b'], ['a"'], 'a"b', 'a\\b', ' a', 'a ', 'a  b', 'a\tb', 'ä']) {
      expect(await judgeClaims({ scope })).toBe('claim');
    }
  });

  it('requires the claims that it is told to, and their form', async () => {
    const { judgeClaims } = verifierHarness({ requiredClaims: ['jti', 'email'] });
    expect(await judgeClaims({ email: 'a@example.com' })).toBe('verified');
    expect(await judgeClaims({})).toBe('missing_claim');
    expect(await judgeClaims({ email: null })).toBe('missing_claim');
    for (const name of ['jti', 'sid', 'client_id', 'azp', 'acr']) {
      for (const value of [1, '', null, [], {}]) expect(await judgeClaims({ email: 'x', [name]: value })).toBe('claim');
    }
    for (const amr of ['pwd', 1, [1], null]) expect(await judgeClaims({ email: 'x', amr })).toBe('claim');
  });

  it('reads tenant, freshness and actor', async () => {
    const { verifier, clock, judgeClaims } = verifierHarness({ tenantClaim: 'org_id' });
    const claims = {
      org_id: 'acme',
      auth_time: 1_700_000_000,
      acr: 'gold',
      amr: ['pwd', 'otp'],
      act: { sub: 'admin-1' },
    };
    expect(verified(await verifier.verify(mint(goodClaims(clock(), claims))))).toMatchObject({
      principal: { tenant: 'acme' },
      credential: { authenticatedAt: 1_700_000_000_000, acr: 'gold', amr: ['pwd', 'otp'] },
      actor: { kind: 'user', id: 'admin-1' },
    });
    expect(await judgeClaims({})).toBe('missing_claim');
    for (const odd of [1, '', null]) expect(await judgeClaims({ org_id: odd })).toBe('claim');
    for (const act of [1, 'admin', null, {}, { sub: 1 }, { sub: '' }, []])
      expect(await judgeClaims({ org_id: 'acme', act })).toBe('claim');
    const foreign = verified(
      await verifier.verify(mint(goodClaims(clock(), { ...claims, act: { sub: 'x', iss: 'https://other.example' } }))),
    );
    expect(foreign.actor).toEqual({ kind: 'user', id: 'https://other.example#x' });
  });

  it('refuses a sender-constrained token, whose proof nobody has checked', async () => {
    const cnf = { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' };
    expect(await verifierHarness().judgeClaims({ cnf })).toBe('sender_constrained');
    expect(await verifierHarness({ dangerouslyIgnoreSenderConstraint: true }).judgeClaims({ cnf })).toBe('verified');
  });

  it('gives a token without jti an id that is not its text', async () => {
    const { verifier, clock } = verifierHarness();
    const token = mint(goodClaims(clock(), { jti: undefined }));
    const { id } = verified(await verifier.verify(token)).credential;
    expect(id).toMatch(/^sha256:[\w-]{22}$/);
    expect(token).not.toContain(id.slice(7));
  });

  it('checks claims with a schema, and maps the principal', async () => {
    const schema: StandardSchema<{ readonly plan: string }> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) =>
          typeof (value as JsonObject).plan === 'string'
            ? { value: { plan: (value as { plan: string }).plan } }
            : { issues: [{ message: 'plan' }] },
      },
    };
    const verifier = createJwtVerifier({
      issuer,
      audience,
      algorithms: ['HS256'],
      key: secret,
      clock: () => 0,
      claims: schema,
      principal: ({ claims, rawClaims, principal }) => ({
        kind: 'member' as const,
        id: principal.id,
        plan: claims.plan,
        raw: rawClaims.sub,
      }),
    });
    expect(await verifier.verify(mint(goodClaims(0, { plan: 'pro' })))).toMatchObject({
      token: { claims: { plan: 'pro' }, principal: { kind: 'member', id: 'user-1', plan: 'pro', raw: 'user-1' } },
    });
    expect(await verifier.verify(mint(goodClaims(0)))).toMatchObject({ outcome: 'rejected', fault: 'schema' });
  });

  it('waits for a schema that is asynchronous, and counts a throw as an outage', async () => {
    const of = (validate: StandardSchema<JsonObject>['~standard']['validate']): StandardSchema<JsonObject> => ({
      '~standard': { version: 1, vendor: 'test', validate },
    });
    expect(
      await verifierHarness({ claims: of(async (value) => ({ value: value as JsonObject })) }).judgeClaims({}),
    ).toBe('verified');
    expect(await verifierHarness({ claims: of(async () => ({ issues: [{ message: 'no' }] })) }).judgeClaims({})).toBe(
      'schema',
    );
    const broken = of(() => {
      throw new TypeError('broken');
    });
    expect(await verifierHarness({ claims: broken }).judgeClaims({})).toBe('unavailable');
    expect(await verifierHarness({ claims: of(() => Promise.reject(new Error('down'))) }).judgeClaims({})).toBe(
      'unavailable',
    );
    expect(
      await verifierHarness({
        principal: () => {
          throw new Error('down');
        },
      }).judgeClaims({}),
    ).toBe('unavailable');
  });

  it('says what kind of thing is wrong, and no value of the token', async () => {
    const { verifier, clock } = verifierHarness();
    const canary = 'CANARY-7f3a';
    const tokens = [
      canary,
      `${canary}.a.b`,
      mint({ iss: canary }),
      mint(goodClaims(clock(), { aud: canary })),
      mint(goodClaims(clock()), { kid: canary, typ: canary }),
    ];
    for (const token of tokens) {
      const result = await verifier.verify(token);
      expect(result).toMatchObject({ outcome: 'rejected' });
      expect(JSON.stringify(result)).not.toContain(canary);
      if (result.outcome === 'rejected') expect(result.detail).toBe(tokenFaults[result.fault]);
    }
  });

  it('refuses options that are wrong', () => {
    expect(create({ issuer: '' })).toThrow(/^issuer: /);
    expect(create({ maxTokenLength: 255 })).toThrow(/^maxTokenLength: /);
    expect(create({ cache: { max: 1 } })).toThrow(/^cache\.max: /);
    expect(create({ cache: { ttlMs: 0 } })).toThrow(/^cache\.ttlMs: /);
    expect(create({ subjects: 'both' })).toThrow(/^subjects: /);
    expect(create({ requiredClaims: 'sub' })).toThrow(/^requiredClaims: /);
    expect(create({ remote: {} })).toThrow(/^remote: /);
    expect(create({ issuers: [], issuer: undefined })).toThrow(/^issuers: /);
    expect(create({ issuers: [{ issuer, audience, algorithms: ['HS256'], key: secret }] })).toThrow(/^issuers: /);
    expect(create({ tenantClaim: '' })).toThrow(/^tenantClaim: /);
  });
});
