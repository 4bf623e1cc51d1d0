import { createMemoryStorage } from '@portcullis/core';
import { fakeClock } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import {
  type ApiKeyVerifier,
  type ApiKeyVerifierOptions,
  bufferedQuotas,
  createApiKeys,
  createApiKeyVerifier,
  type NewApiKey,
} from '../src/index.js';
import { asyncStorage, request } from './support.js';

type E = 'live' | 'test';
const minute = 60_000;

/** A server that issues and one that only verifies, on one storage. */
function twoServers(options: Partial<ApiKeyVerifierOptions<E>> = {}) {
  const clock = fakeClock();
  const { storage, calls } = asyncStorage(createMemoryStorage({ clock }));
  const shared = { brand: 'acme', storage, clock, defaultScopes: ['posts:read'] } as const;
  const issuer = createApiKeys<E>(shared);
  const verifier: ApiKeyVerifier<E> = createApiKeyVerifier<E>({ ...shared, ...options });
  const make = async (input: Omit<NewApiKey<E>, 'owner'> = {}) => {
    const { key, record } = await issuer.create({ owner: 'ada', ...input });
    return { text: key.reveal(), id: record.id };
  };
  const outcome = async (text: string, ip?: string) => (await verifier.verify(text, { ip })).outcome;
  return { clock, calls, storage, issuer, verifier, make, outcome };
}

describe('createApiKeyVerifier', () => {
  it('verifies what another server issued, with its scopes', async () => {
    const { verifier, make } = twoServers();
    const { text, id } = await make({ scopes: ['posts:delete'] });
    const plain = await make();
    expect(await verifier.verify(text)).toMatchObject({
      outcome: 'verified',
      key: { id, owner: 'ada', environment: 'live' },
      scopes: ['posts:delete'],
    });
    expect(await verifier.verify(plain.text)).toMatchObject({ outcome: 'verified', scopes: ['posts:read'] });
  });

  it('has nothing that makes or changes a key', () => {
    const { verifier } = twoServers();
    expect(Object.keys(verifier).sort()).toEqual(['authenticator', 'close', 'flush', 'on', 'verify']);
    expect(Object.isFrozen(verifier)).toBe(true);
  });

  it('honours expiry, revocation, rotation, environment and addresses', async () => {
    const { clock, issuer, make, outcome } = twoServers();
    const expiring = await make({ expiresAt: clock() + minute });
    const bound = await make({ allowedAddresses: ['192.0.2.0/24'] });
    const test = await make({ environment: 'test' });
    const revoked = await make();
    const rotated = await make();
    await issuer.revoke(revoked.id, { reason: 'left' });
    const next = await issuer.rotate(rotated.id, { graceMs: minute });
    expect(await outcome(expiring.text)).toBe('verified');
    expect(await outcome(bound.text, '192.0.2.7')).toBe('verified');
    expect(await outcome(bound.text, '198.51.100.1')).toBe('rejected');
    expect(await outcome(bound.text)).toBe('rejected');
    expect(await outcome(test.text)).toBe('rejected');
    expect(await outcome(revoked.text)).toBe('rejected');
    expect(await outcome(rotated.text)).toBe('verified');
    clock.advance(minute);
    expect(await outcome(expiring.text)).toBe('rejected');
    expect(await outcome(rotated.text)).toBe('rejected');
    expect(await outcome(next.key.reveal())).toBe('verified');
  });

  it('counts rate limits and quotas with every other server', async () => {
    const { issuer, make, outcome } = twoServers();
    const fast = await make({ rateLimit: { limit: 2, windowMs: minute } });
    const metered = await make({ quota: { limit: 2 } });
    for (const { text } of [fast, metered]) {
      expect(await outcome(text)).toBe('verified');
      expect(await issuer.verify(text)).toMatchObject({ outcome: 'verified' });
      expect(await outcome(text)).toBe('limited');
    }
  });

  it('counts a buffered quota exactly: each call asks the counter', async () => {
    const { calls, make, outcome } = twoServers();
    const { text } = await make({ quota: { limit: 3, buffered: true } });
    calls.length = 0;
    for (let i = 0; i < 3; i++) expect(await outcome(text)).toBe('verified');
    expect(await outcome(text)).toBe('limited');
    expect(calls.filter((call) => call === 'consume')).toHaveLength(4);
  });

  it('counts a buffered quota in the process where it is given bufferedQuotas, and lets no call too many through', async () => {
    const { calls, issuer, verifier, make, outcome } = twoServers({ quotaMeter: bufferedQuotas });
    const { text } = await make({ quota: { limit: 10, buffered: true } });
    calls.length = 0;
    for (let i = 0; i < 10; i++) expect(await outcome(text)).toBe('verified');
    expect(await outcome(text)).toBe('limited');
    expect(calls.filter((call) => call === 'consume').length).toBeLessThan(4);
    await verifier.close();
    expect(await issuer.verify(text)).toMatchObject({ outcome: 'limited' });
  });

  it('closes streams of a key that another server revoked', async () => {
    const { issuer, verifier, make } = twoServers();
    const { text, id } = await make();
    const result = await verifier.authenticator().authenticate(request([['x-api-key', text]]));
    if (result.outcome !== 'authenticated' || result.onRevoked === undefined) throw new Error(result.outcome);
    let ended = 0;
    result.onRevoked(() => {
      ended += 1;
    });
    expect(ended).toBe(0);
    await issuer.revoke(id, { reason: 'left' });
    expect(ended).toBe(1);
  });

  it('writes last-used times when it is closed', async () => {
    const { clock, issuer, verifier, make, outcome } = twoServers();
    const { text, id } = await make();
    await outcome(text);
    await verifier.close();
    expect(await issuer.get(id)).toMatchObject({ lastUsedAt: clock() });
  });

  it('names the option that is wrong', () => {
    expect(() => twoServers({ brand: 'not plain' })).toThrow(/brand: use a letter/);
    expect(() => twoServers({ accept: [] })).toThrow(/accept: name at least one of live, test/);
    expect(() => twoServers({ lastUsed: { flushMs: 0 } })).toThrow(/lastUsed.flushMs: give 1 to/);
    expect(() => twoServers({ defaultScopes: 'all' as 'unlimited' })).toThrow(/defaultScopes: give a list/);
  });
});
