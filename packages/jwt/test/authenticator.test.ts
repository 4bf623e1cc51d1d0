import { absent, type AuthRequest, createGuard, createPolicy, deny, type Outcome } from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import type { Revocation } from '../src/verify/revocation-check.js';
import type { JwtAuthenticatorOptions } from '../src/verify/jwt-authenticator.js';
import { goodClaims, mint, verifierHarness } from './verify-harness.js';

function request(
  headers: Readonly<Record<string, string | readonly string[]>>,
  method = 'GET',
  url = '/posts',
): AuthRequest {
  const values = (name: string): readonly string[] => [headers[name] ?? []].flat();
  return { method, url, ip: undefined, header: (name) => values(name)[0], headerValues: values };
}

const policy = createPolicy({
  permissions: ['posts:read', 'posts:delete'],
  roles: { reader: ['posts:read'] },
  scopes: {},
});

function guarded(options: Parameters<typeof verifierHarness>[0] = {}, reading: JwtAuthenticatorOptions = {}) {
  const harness = verifierHarness(options);
  const authenticator = harness.verifier.authenticator(reading);
  const guard = createGuard({
    authenticators: [authenticator],
    policy,
    clock: harness.clock,
    roles: () => ['reader' as const],
    onError: () => undefined,
  });
  const outcome = async (
    sent: AuthRequest,
    permission: 'posts:read' | 'posts:delete' = 'posts:read',
  ): Promise<Outcome | 'allowed'> => {
    const decision = await guard.check(sent, { kind: 'permission', permission });
    return decision.allowed ? 'allowed' : decision.outcome;
  };
  return { ...harness, authenticator, guard, outcome, good: () => mint(goodClaims(harness.clock())) };
}

const challengeOf = (outcome: Outcome | 'allowed'): string =>
  outcome === 'allowed' ? '' : (outcome.headers.find(([name]) => name === 'www-authenticate')?.[1] ?? '');

describe('the JWT authenticator', () => {
  it('admits a good Bearer token, in any case of the scheme', async () => {
    const { outcome, good, authenticator } = guarded();
    expect(authenticator).toMatchObject({ scheme: 'jwt', transport: 'explicit' });
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer '])
      expect(await outcome(request({ authorization: `${scheme} ${good()}` }))).toBe('allowed');
  });

  it('leaves alone what is no token in three parts', () => {
    const { authenticator } = guarded();
    for (const value of [
      'Bearer acme_live_0123456789ab',
      'Basic YTpi',
      'Bearer',
      'Bearer a.b',
      'Bearer a.b.c.d.e',
      'DPoP a.b.c',
      'Bearera.b.c',
      '',
    ]) {
      expect(authenticator.claims(request({ authorization: value }))).toBe(false);
    }
    expect(authenticator.claims(request({}))).toBe(false);
    expect(authenticator.authenticate(request({}))).toBe(absent);
  });

  it(`answers 401 invalid_token with the kind of fault, never a 500, and no value of the token ${requirement('J34', 'C13')}`, async () => {
    const { outcome, clock } = guarded();
    const canary = 'CANARY';
    const claims = goodClaims(clock());
    const bad: readonly (readonly [string, string])[] = [
      ['The token has expired.', mint({ ...claims, exp: 1 })],
      ["The token's signature is wrong.", mint(claims, {}, new Uint8Array(32))],
      ['The token is for another audience.', mint({ ...claims, aud: canary })],
      ['The token is signed with an algorithm that this server does not take.', mint(claims, { alg: 'HS512' })],
      ['The token is from an issuer that this server does not know.', mint({ ...claims, iss: canary })],
      [
        "The token's header is not an object that this server can read.",
        `${canary}.${canary}.${canary}`.replaceAll(canary, 'bm90'),
      ],
    ];
    for (const [detail, token] of bad) {
      const result = await outcome(request({ authorization: `Bearer ${token}` }));
      expect(result).toMatchObject({ status: 401, problem: { code: 'invalid_token', detail } });
      expect(challengeOf(result)).toMatch(
        /^Bearer realm="api", error="invalid_token", error_description="The token[ -!#-[\]-~]*"$/,
      );
      expect(JSON.stringify(result)).not.toContain(canary);
    }
  });

  it(`answers 400 to a header that is malformed, 403 to a scope that is short ${requirement('C13')}`, async () => {
    const { outcome, good, clock } = guarded();
    for (const value of [`Bearer ${good()} x`, `Bearer ${good()}"`, `Bearer a b.c.d`, `Bearer ${good()}\u00e9`]) {
      const result = await outcome(request({ authorization: value }));
      expect(result).toMatchObject({ status: 400, problem: { code: 'invalid_request' } });
    }
    const short = mint(goodClaims(clock(), { scope: 'other' }));
    const refused = await outcome(request({ authorization: `Bearer ${short}` }));
    expect(refused).toMatchObject({ status: 403, problem: { code: 'insufficient_scope' } });
  });

  it('challenges without an error when nothing was sent', async () => {
    const { outcome } = guarded();
    expect(challengeOf(await outcome(request({})))).toBe('Bearer realm="api"');
  });

  it('answers 503 while keys cannot be learned', async () => {
    const keys = { find: () => ({ outcome: 'unavailable', cause: new Error('down'), retryAfterSeconds: 7 }) as const };
    const { outcome, good } = guarded({ key: undefined as never, keys });
    const result = await outcome(request({ authorization: `Bearer ${good()}` }));
    expect(result).toMatchObject({ status: 503, problem: { code: 'unavailable' } });
    expect(result === 'allowed' ? [] : result.headers).toContainEqual(['retry-after', '7']);
  });

  it('reads no token from the query', async () => {
    const { outcome, good } = guarded();
    expect(await outcome(request({}, 'GET', `/posts?access_token=${good()}`))).toMatchObject({ status: 400 });
    expect(await outcome(request({}, 'GET', `/posts?token=${good()}`))).toMatchObject({ status: 401 });
  });

  it('fires the signal of a request whose token is revoked', async () => {
    const listeners = new Set<(revocation: Revocation) => void>();
    const revocations = {
      isRevoked: () => false,
      onRevoked: (listener: (revocation: Revocation) => void) => (
        listeners.add(listener), () => void listeners.delete(listener)
      ),
    };
    const { guard, good, clock } = guarded({ revocations });
    const decision = await guard.check(request({ authorization: `Bearer ${good()}` }), { kind: 'authenticated' });
    const { signal } =
      (decision.allowed && decision.auth) ||
      (() => {
        throw new Error('refused');
      })();
    const tell = (revocation: Revocation): void => [...listeners].forEach((listener) => listener(revocation));
    tell({ kind: 'user', iss: 'https://auth.example.com', sub: 'user-2', notBefore: clock() });
    expect(signal.aborted).toBe(false);
    tell({ kind: 'user', iss: 'https://auth.example.com', sub: 'user-1', notBefore: clock() });
    expect(signal.aborted).toBe(true);
  });

  it('goes by the name it is given', async () => {
    const { good, authenticator } = guarded({}, { scheme: 'partner-jwt' });
    expect(await authenticator.authenticate(request({ authorization: `Bearer ${good()}` }))).toMatchObject({
      credential: { scheme: 'partner-jwt' },
    });
    expect(() => guarded({}, { scheme: 'A b' })).toThrow(/^scheme: /);
    expect(() => guarded({}, { from: 'query' as never })).toThrow(/^from: /);
  });
});

describe('a token in a WebSocket subprotocol', () => {
  const reading = { from: { webSocketSubprotocol: 'bearer.' } } as const;

  it('is read from the one protocol with the prefix', async () => {
    const { outcome, good, authenticator } = guarded({}, reading);
    expect(authenticator.transport).toBe('explicit');
    for (const sent of [`app.v1, bearer.${good()}`, `bearer.${good()}`, ['app.v1', `bearer.${good()}`]]) {
      expect(await outcome(request({ 'sec-websocket-protocol': sent }))).toBe('allowed');
    }
    expect(await outcome(request({ 'sec-websocket-protocol': `bearer.${good()}, bearer.${good()}` }))).toMatchObject({
      status: 400,
    });
    expect(await outcome(request({ 'sec-websocket-protocol': 'bearer.junk' }))).toMatchObject({ status: 401 });
    expect(authenticator.claims(request({ 'sec-websocket-protocol': 'app.v1' }))).toBe(false);
  });

  it('needs a prefix that ends in a dot', () => {
    for (const prefix of ['', 'bearer', 'be arer.', '.'])
      expect(() => guarded({}, { from: { webSocketSubprotocol: prefix } })).toThrow(/^from\.webSocketSubprotocol: /);
  });
});

describe('a token in a cookie', () => {
  const reading = { from: { cookie: '__Host-token', csrf: { origins: ['https://app.example.com'] } } } as const;

  it('is ambient, and taken for safe requests and those of our own pages', async () => {
    const { outcome, good, authenticator } = guarded({}, reading);
    expect(authenticator.transport).toBe('ambient');
    const cookie = `a=b; __Host-token=${good()}`;
    expect(await outcome(request({ cookie }))).toBe('allowed');
    expect(await outcome(request({ cookie, origin: 'https://app.example.com' }, 'POST'))).toBe('allowed');
    expect(await outcome(request({ cookie, 'sec-fetch-site': 'same-origin' }, 'POST'))).toBe('allowed');
    const forged = deny('csrf_rejected').status;
    expect(await outcome(request({ cookie, origin: 'https://evil.example' }, 'POST'))).toMatchObject({
      status: forged,
      problem: { code: 'csrf_rejected' },
    });
    expect(await outcome(request({ cookie, 'sec-fetch-site': 'cross-site' }, 'DELETE'))).toMatchObject({
      status: forged,
    });
    expect(await outcome(request({ cookie }, 'POST'))).toMatchObject({ status: forged });
  });

  it('is refused when it comes twice, and none when it is empty', async () => {
    const { outcome, good } = guarded({}, reading);
    expect(await outcome(request({ cookie: `__Host-token=${good()}; __Host-token=${good()}` }))).toMatchObject({
      status: 400,
    });
    expect(await outcome(request({ cookie: '__Host-token=' }))).toMatchObject({
      status: 401,
      problem: { code: 'credential_missing' },
    });
    expect(await outcome(request({ cookie: '__Host-token=x' }))).toMatchObject({
      status: 401,
      problem: { code: 'invalid_token' },
    });
  });

  it('needs a prefixed name and our origins', () => {
    expect(() => guarded({}, { from: { cookie: 'token', csrf: { origins: ['https://app.example.com'] } } })).toThrow(
      /^from\.cookie: /,
    );
    expect(() => guarded({}, { from: { cookie: '__Host-token', csrf: { origins: [] } } })).toThrow(/origins/);
    expect(() => guarded({}, { from: { cookie: '__Host-token' } as never })).toThrow(/^from\.csrf: /);
  });
});
