import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it, vi } from 'vitest';
import type { KeyHint, KeyLookup } from '../src/keys/key-source.js';
import { createJwtVerifier } from '../src/verify/create-jwt-verifier.js';
import type { TokenFacts } from '../src/verify/revocation-check.js';
import type { StandardSchema } from '../src/verify/standard-schema.js';
import type { JsonObject } from '../src/verify/strict-json.js';
import type { Verification } from '../src/verify/verification.js';
import { ed25519, otherP256, p256 } from './key-material.js';
import { audience, goodClaims, issuer, mint, secret, verifierHarness } from './verify-harness.js';

const create =
  (options: object): (() => unknown) =>
  () =>
    createJwtVerifier({ issuer, audience, algorithms: ['HS256'], key: secret, ...options } as never);

describe('createJwtVerifier', () => {
  it('verifies a good token synchronously', () => {
    const { verifier, clock } = verifierHarness();
    const result = verifier.verify(mint(goodClaims(clock()))) as Verification<JsonObject, never>;
    expect(result).toMatchObject({
      outcome: 'verified',
      token: {
        claims: { sub: 'user-1', client_id: 'app' },
        principal: { kind: 'user', id: 'user-1', clientId: 'app', issuer },
        credential: {
          scheme: 'jwt',
          id: 'token-1',
          scopes: ['posts:read', 'posts:write'],
          issuedAt: clock(),
          expiresAt: clock() + 900_000,
        },
        facts: { iss: issuer, jti: 'token-1', sub: 'user-1', clientId: 'app' },
      },
    });
  });

  it(`needs exp, and refuses from exp on ${requirement('J9')}`, async () => {
    const { judge, judgeClaims, clock } = verifierHarness();
    expect(await judgeClaims({ exp: undefined })).toBe('missing_claim');
    const token = mint(goodClaims(clock(), { exp: clock() / 1000 + 60 }));
    expect(await judge(token)).toBe('verified');
    clock.advance(59_999);
    expect(await judge(token)).toBe('verified');
    clock.advance(1);
    expect(await judge(token)).toBe('expired');
  });

  it(`refuses a future nbf, and bounds the tolerance ${requirement('J10')}`, async () => {
    const { judgeClaims, clock } = verifierHarness();
    const second = clock() / 1000;
    expect(await judgeClaims({ nbf: second + 5 })).toBe('verified');
    expect(await judgeClaims({ nbf: second + 6 })).toBe('not_yet_valid');
    const strict = verifierHarness({ clockToleranceMs: 0 });
    expect(await strict.judgeClaims({ nbf: second })).toBe('verified');
    expect(await strict.judgeClaims({ nbf: second + 1 })).toBe('not_yet_valid');
    for (const clockToleranceMs of [60_001, -1, Number.NaN, Number.POSITIVE_INFINITY, 0.5]) {
      expect(create({ clockToleranceMs })).toThrow(/^clockToleranceMs: /);
    }
    const tolerant = verifierHarness({ clockToleranceMs: 60_000 });
    expect(await tolerant.judgeClaims({ exp: second - 59, iat: second - 100 })).toBe('verified');
    expect(await tolerant.judgeClaims({ exp: second - 60, iat: second - 100 })).toBe('expired');
    expect(await tolerant.judgeClaims({ nbf: second + 61 })).toBe('not_yet_valid');
  });

  it(`refuses times that are no finite numbers ${requirement('J11')}`, async () => {
    const { judgeClaims } = verifierHarness();
    const odd = ['4102444800', true, null, [], {}, [4102444800], 1e300, -1e300, 8_640_000_000_001];
    for (const value of odd) {
      for (const name of ['exp', 'nbf', 'iat', 'auth_time']) expect(await judgeClaims({ [name]: value })).toBe('claim');
    }
    expect(await judgeClaims({ exp: 8_640_000_000_000 })).toBe('verified');
    expect(await judgeClaims({ exp: -1 })).toBe('expired');
  });

  it(`refuses a future iat ${requirement('J12')}`, async () => {
    const { judgeClaims, clock } = verifierHarness();
    expect(await judgeClaims({ iat: clock() / 1000 + 5 })).toBe('verified');
    expect(await judgeClaims({ iat: clock() / 1000 + 6 })).toBe('issued_in_future');
    expect(await judgeClaims({ iat: undefined })).toBe('verified');
  });

  it(`matches iss exactly ${requirement('J13')}`, async () => {
    const { judgeClaims } = verifierHarness();
    for (const iss of [
      `${issuer}/`,
      issuer.toUpperCase(),
      `${issuer}:443`,
      ` ${issuer}`,
      'https://auth.example.com.evil.test',
      '',
      undefined,
      null,
      1,
      [issuer],
      { issuer },
    ]) {
      expect(await judgeClaims({ iss })).toBe('issuer');
    }
  });

  it(`takes each issuer's tokens with that issuer's keys only ${requirement('J13')}`, async () => {
    const verifier = createJwtVerifier({
      clock: () => 0,
      issuers: [
        { issuer: 'https://a.example', audience, algorithms: ['ES256'], key: p256.publicJwk },
        { issuer: 'https://b.example', audience, algorithms: ['EdDSA'], key: ed25519.publicPem },
        { issuer: 'https://c.example', audience, algorithms: ['HS256'], key: secret },
      ],
    });
    const keys = { ES256: p256.privateKey, EdDSA: ed25519.privateKey, HS256: secret };
    const own = { 'https://a.example': 'ES256', 'https://b.example': 'EdDSA', 'https://c.example': 'HS256' };
    for (const [iss, ownAlg] of Object.entries(own)) {
      for (const [alg, key] of Object.entries(keys)) {
        const result = await verifier.verify(mint(goodClaims(0, { iss }), { alg }, key));
        expect(result).toMatchObject(
          alg === ownAlg ? { outcome: 'verified' } : { outcome: 'rejected', fault: 'algorithm' },
        );
      }
    }
    const crossed = mint(goodClaims(0, { iss: 'https://a.example' }), { alg: 'ES256' }, otherP256.privateKey);
    expect(await verifier.verify(crossed)).toMatchObject({ fault: 'signature' });
  });

  it('asks no key source about an issuer it does not know', async () => {
    const find = vi.fn<(hint: KeyHint) => KeyLookup>(() => ({ outcome: 'unknown' }));
    const { judgeClaims } = verifierHarness({ key: undefined as never, keys: { find } });
    expect(await judgeClaims({ iss: 'https://other.example' })).toBe('issuer');
    expect(find).not.toHaveBeenCalled();
    expect(await judgeClaims({})).toBe('unknown_key');
    expect(find).toHaveBeenCalledTimes(1);
  });

  it(`needs our audience, as a string or in a list ${requirement('J14')}`, async () => {
    const { judgeClaims } = verifierHarness();
    expect(await judgeClaims({ aud: audience })).toBe('verified');
    expect(await judgeClaims({ aud: ['https://other.example', audience] })).toBe('verified');
    expect(await judgeClaims({ aud: undefined })).toBe('missing_claim');
    for (const aud of [
      '',
      'https://other.example',
      `${audience}/`,
      audience.toUpperCase(),
      [],
      ['https://other.example'],
      [[audience]].flat().map((a) => `${a} `),
    ]) {
      expect(await judgeClaims({ aud })).toBe('audience');
    }
    for (const aud of [1, null, {}, { 0: audience }, [audience, 1], [[audience]], [null]]) {
      expect(await judgeClaims({ aud })).toBe('claim');
    }
    for (const given of [undefined, '', [], ['']]) expect(create({ audience: given })).toThrow(/^audience: /);
    const two = verifierHarness({ audience: ['https://one.example', 'https://two.example'] });
    expect(await two.judgeClaims({ aud: 'https://two.example' })).toBe('verified');
  });

  it(`takes at+jwt only, and no ID, refresh or logout token ${requirement('J15')}`, async () => {
    const { judgeClaims } = verifierHarness();
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) {
      expect(await judgeClaims({}, { typ })).toBe('verified');
    }
    const others = [
      'JWT',
      'jwt',
      'logout+jwt',
      'dpop+jwt',
      'rt+jwt',
      'secevent+jwt',
      'at',
      'at+jwt ',
      'at+jwt;x=1',
      'text/at+jwt',
      '',
    ];
    for (const typ of others) expect(await judgeClaims({}, { typ })).toBe('token_type');
    expect(await judgeClaims({}, { typ: undefined })).toBe('token_type');
  });

  it(`when untyped tokens are allowed, refuses those that show another use ${requirement('J15')}`, async () => {
    const { judgeClaims } = verifierHarness({ allowUntypedTokens: true });
    for (const typ of ['JWT', 'jwt', 'application/jwt', undefined, 'at+jwt'])
      expect(await judgeClaims({}, { typ })).toBe('verified');
    for (const typ of ['logout+jwt', 'dpop+jwt', 'secevent+jwt', ''])
      expect(await judgeClaims({}, { typ })).toBe('token_type');
    const uses: readonly JsonObject[] = [
      { at_hash: 'x' },
      { c_hash: 'x' },
      { s_hash: 'x' },
      { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
      { token_use: 'id' },
      { typ: 'ID' },
      { typ: 'Refresh' },
      { typ: 'Offline' },
      { typ: 'Logout' },
    ];
    for (const claims of uses) expect(await judgeClaims(claims, { typ: 'JWT' })).toBe('token_type');
    expect(await judgeClaims({ typ: 'Bearer', token_use: 'access' }, { typ: 'JWT' })).toBe('verified');
  });

  it(`lets no header parameter supply a key ${requirement('J4')}`, async () => {
    const fetch = vi.fn<() => Promise<Response>>(async () => Response.json({ keys: [p256.publicJwk] }));
    const { judgeClaims, judge, clock } = verifierHarness({ algorithms: ['ES256'], key: otherP256.publicJwk, fetch });
    const attacks: readonly JsonObject[] = [
      { jwk: p256.publicJwk },
      { jku: 'https://evil.example/jwks.json' },
      { x5u: 'https://evil.example/cert.pem' },
      { x5c: ['MIIB'] },
      { x5t: 'AAAA', kid: 'evil' },
      { jwk: p256.publicJwk, kid: 'evil', jku: 'https://evil.example/jwks.json' },
    ];
    for (const header of attacks) {
      const token = mint(goodClaims(clock()), { alg: 'ES256', ...header }, p256.privateKey);
      expect(await judge(token)).toBe('signature');
    }
    expect(await judgeClaims({}, { jwk: { kty: 'oct', k: 'AAAA' } })).toBe('algorithm');
    expect(fetch).not.toHaveBeenCalled();
  });

  it(`takes a kid with a payload for nothing but an unknown key ${requirement('J5')}`, async () => {
    const { judgeClaims } = verifierHarness({
      key: undefined as never,
      keys: [{ algorithm: 'HS256', key: secret, kid: 'k1' }],
    });
    expect(await judgeClaims({}, { kid: 'k1' })).toBe('verified');
    for (const kid of [
      "k1' OR '1'='1",
      '../../../dev/null',
      'k1\r\nX-Admin: 1',
      'k1\0',
      '__proto__',
      'toString',
      '',
      'K1',
      'k1 ',
    ]) {
      expect(await judgeClaims({}, { kid })).toBe('unknown_key');
    }
  });

  it(`looks at no claim but iss before the signature is checked ${requirement('J25')}`, async () => {
    const validate = vi.fn<StandardSchema<JsonObject>['~standard']['validate']>((value) => ({
      value: value as JsonObject,
    }));
    const principal = vi.fn<() => { kind: string; id: string }>(() => ({ kind: 'user', id: 'x' }));
    const isRevoked = vi.fn<(token: TokenFacts) => boolean>(() => false);
    const verifier = createJwtVerifier({
      issuer,
      audience,
      algorithms: ['HS256'],
      key: secret,
      clock: () => 1e12,
      principal,
      claims: { '~standard': { version: 1, vendor: 'test', validate } },
      revocations: { isRevoked },
    });
    const forged = (claims: JsonObject): string => mint(goodClaims(1e12, claims), {}, secret.slice().reverse());
    const bad: readonly JsonObject[] = [
      {},
      { exp: 1 },
      { nbf: 1e12 },
      { aud: 'other' },
      { exp: 'x' },
      { sub: undefined },
      { cnf: {} },
      { scope: 1 },
      { events: {} },
    ];
    for (const claims of bad)
      expect(await verifier.verify(forged(claims))).toMatchObject({ outcome: 'rejected', fault: 'signature' });
    for (const spy of [validate, principal, isRevoked]) expect(spy).not.toHaveBeenCalled();
    expect(await verifier.verify(mint(goodClaims(1e12)))).toMatchObject({ outcome: 'verified' });
    for (const spy of [validate, principal, isRevoked]) expect(spy).toHaveBeenCalledTimes(1);
  });

  it(`takes two keys that fit one token for no match ${requirement('J28')}`, async () => {
    const jwks = {
      keys: [
        { ...p256.publicJwk, kid: 'a' },
        { ...otherP256.publicJwk, kid: 'b' },
      ],
    };
    const { judge, clock } = verifierHarness({ algorithms: ['ES256'], key: undefined as never, jwks });
    const signed = (header: JsonObject): string =>
      mint(goodClaims(clock()), { alg: 'ES256', ...header }, p256.privateKey);
    expect(await judge(signed({}))).toBe('unknown_key');
    expect(await judge(signed({ kid: 'a' }))).toBe('verified');
    expect(await judge(signed({ kid: 'b' }))).toBe('signature');
  });
});
