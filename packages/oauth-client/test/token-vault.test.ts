import { Secret } from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createDpopKey } from '../src/tokens/dpop-key.js';
import { grantCollection, grantId } from '../src/vault/grant-record.js';
import { outage, readOnly } from './support/faulty-storage.js';
import { signedIdToken } from './support/rotating-provider.js';
import { type Harness, harness, newRing, turn } from './support/vault-harness.js';

const who = { user: 'alice', provider: 'example' } as const;
const minutes = 60_000;

async function signedIn(options: Parameters<typeof harness>[0] = {}) {
  const parts = harness(options);
  const vault = parts.vault();
  const tokens = parts.provider.issue();
  await vault.store({ ...who, tokens });
  const read = async (from = vault): Promise<string> => (await from.accessToken('alice', 'example')).token.reveal();
  return { ...parts, v: vault, tokens, first: tokens.accessToken.reveal(), read };
}

async function stored({ memory }: Pick<Harness, 'memory'>) {
  return (await memory.collection(grantCollection).get(grantId('alice', 'example')))?.record;
}

const types = (heard: Harness['heard']): string[] => heard.map(({ type }) => type);

describe('what a vault keeps', () => {
  it(`keeps tokens sealed, and gives them back ${requirement('O18')}`, async () => {
    const { memory, read, first, heard, v } = await signedIn();
    const record = await stored({ memory });
    expect(JSON.stringify(record)).not.toContain('canary');
    expect(JSON.stringify(heard)).not.toContain('canary');
    expect(await read()).toBe(first);
    expect(await v.list('alice')).toEqual([
      expect.objectContaining({ provider: 'example', state: 'active', renewable: true, scopes: ['read'] }),
    ]);
    expect(JSON.stringify(await v.list('alice'))).not.toContain('canary');
    expect(await v.list('bob')).toEqual([]);
  });

  it('does not open tokens that were moved to another user in the database', async () => {
    const { memory, v, provider } = await signedIn();
    await v.store({ user: 'mallory', provider: 'example', tokens: provider.issue() });
    const records = memory.collection(grantCollection);
    const alice = await records.get(grantId('alice', 'example'));
    const mallory = await records.get(grantId('mallory', 'example'));
    if (alice === undefined || mallory === undefined) throw new Error('not stored');
    await records.update(mallory.record.id, mallory.version, { ...mallory.record, sealed: alice.record.sealed });
    await expect(v.accessToken('mallory', 'example')).rejects.toMatchObject({ code: 'grant_unreadable', status: 500 });
  });

  it(`shows tokens to no other issuer or client ${requirement('O19')}`, async () => {
    const { vault, clock, provider } = await signedIn();
    clock.advance(11 * minutes);
    await expect(vault({ clientId: 'other' }).accessToken('alice', 'example')).rejects.toMatchObject({
      code: 'reauthentication_required',
    });
    expect(provider.refreshed).toEqual([]);
  });

  it('seals anew under the current key, on reading and page by page, so that the old key can go', async () => {
    const { vault, memory, first, read, v, provider } = await signedIn();
    await v.store({ user: 'bob', provider: 'example', tokens: provider.issue() });
    expect(await read(vault({ encryptionKeys: newRing }))).toBe(first);
    expect((await stored({ memory }))?.sealed).toMatch(/^k2\./);
    expect(await vault({ encryptionKeys: newRing }).reseal({ limit: 100 })).toMatchObject({
      resealed: 1,
      unreadable: 0,
    });
    const onlyNew = { current: 'k2', keys: { k2: newRing.keys['k2'] ?? '' } };
    expect(await read(vault({ encryptionKeys: onlyNew }))).toBe(first);
    await expect(v.accessToken('bob', 'example')).rejects.toMatchObject({ code: 'grant_unreadable' });
    expect(await v.reseal()).toMatchObject({ resealed: 0, unreadable: 2 });
  });

  it('goes on with the old refresh token when the same person signs in and the provider gives none', async () => {
    const { v, provider, clock, read, tokens } = await signedIn();
    const again = { ...provider.issue(), refreshToken: undefined };
    await v.store({ ...who, tokens: again });
    expect(await read()).toBe(again.accessToken.reveal());
    clock.advance(11 * minutes);
    await read();
    expect(provider.refreshed).toEqual([tokens.refreshToken?.reveal()]);

    await v.store({ ...who, tokens: { ...again, claims: { iss: 'https://id.example.com', sub: 'somebody else' } } });
    expect((await v.list('alice'))[0]?.renewable).toBe(false);
  });

  it('names a provider or key that is missing', async () => {
    const { v, tokens } = await signedIn();
    await expect(v.store({ user: 'alice', provider: 'nobody', tokens })).rejects.toMatchObject({
      code: 'invalid_option',
    });
    await expect(v.store({ ...who, tokens: { ...tokens, tokenType: 'dpop' } })).rejects.toThrow(/dpopKey/);
    expect(() => harness().vault({ leaseMs: 5 })).toThrow(/leaseMs/);
  });
});

describe('renewal', () => {
  it('renews a minute early, once for all callers of all processes', async () => {
    const { v, vault, clock, provider, read, first, heard } = await signedIn();
    clock.advance(9 * minutes - 1);
    expect(await read()).toBe(first);
    clock.advance(1);
    const processes = [v, vault(), vault(), vault()];
    clock.advance(2 * minutes);
    const got = await Promise.all(Array.from({ length: 100 }, (_, index) => read(processes[index % 4])));
    expect(new Set(got).size).toBe(1);
    expect(got[0]).not.toBe(first);
    expect(provider.refreshed).toHaveLength(1);
    expect(heard.filter(({ type }) => type === 'oauth.grant_renewed')).toEqual([
      expect.objectContaining({ user: 'alice', provider: 'example', rotated: true, recovered: false }),
    ]);
  });

  it('serves the old token meanwhile where it is still good', async () => {
    const { vault, clock, provider, read, first } = await signedIn();
    clock.advance(9 * minutes);
    let answer = (): void => undefined;
    provider.beforeAnswer = () => new Promise<void>((resolve) => (answer = resolve));
    const renewing = read();
    while (provider.refreshed.length === 0) await turn();
    expect(await read(vault())).toBe(first);
    answer();
    expect(await renewing).not.toBe(first);
    expect(provider.refreshed).toHaveLength(1);
  });

  it('follows rotation, and keeps the refresh token of a provider that gives no other', async () => {
    const { clock, provider, read } = await signedIn();
    for (let round = 0; round < 3; round++) {
      clock.advance(11 * minutes);
      await read();
    }
    expect(new Set(provider.refreshed).size).toBe(3);

    const fixed = await signedIn({ rotates: false });
    for (let round = 0; round < 3; round++) {
      fixed.clock.advance(11 * minutes);
      await fixed.read();
    }
    expect(fixed.provider.refreshed).toHaveLength(3);
    expect(new Set(fixed.provider.refreshed).size).toBe(1);
  });

  it('ends a grant that the provider no longer honours, and says so once', async () => {
    const { v, clock, provider, heard, memory } = await signedIn();
    clock.advance(11 * minutes);
    provider.answer = () => Response.json({ error: 'invalid_grant', error_description: 'canary' }, { status: 400 });
    for (let call = 0; call < 3; call++) {
      await expect(v.accessToken('alice', 'example')).rejects.toMatchObject({
        code: 'reauthentication_required',
        status: 401,
      });
    }
    expect(provider.refreshed).toHaveLength(1);
    expect(heard.filter(({ type }) => type === 'oauth.grant_ended')).toEqual([
      expect.objectContaining({ reason: 'refused' }),
    ]);
    expect(await stored({ memory })).toMatchObject({ state: 'ended', sealed: '', renewable: false });
  });

  it('asks for a new sign-in where there never was one, and where nothing renews an expired token', async () => {
    const { v, vault, clock, provider, heard } = await signedIn();
    await expect(v.accessToken('nobody', 'example')).rejects.toMatchObject({ code: 'reauthentication_required' });
    await vault().store({ user: 'bob', provider: 'example', tokens: { ...provider.issue(), refreshToken: undefined } });
    clock.advance(10 * minutes - 1);
    await v.accessToken('bob', 'example');
    clock.advance(1);
    await expect(v.accessToken('bob', 'example')).rejects.toMatchObject({ code: 'reauthentication_required' });
    expect(heard.at(-1)).toMatchObject({ type: 'oauth.grant_ended', user: 'bob', reason: 'expired' });
  });

  it('keeps a token of no stated end until the API refuses it', async () => {
    const { v, clock, provider } = await signedIn();
    await v.store({ ...who, tokens: { ...provider.issue(), expiresAt: undefined } });
    clock.advance(10_000 * minutes);
    await v.accessToken('alice', 'example');
    expect(provider.refreshed).toEqual([]);
  });

  it(`refuses a refreshed ID token of another user ${requirement('I5')}`, async () => {
    for (const claims of [
      { iss: 'https://id.example.com', sub: 'mallory-there', aud: 'app' },
      { iss: 'https://id.example.com', sub: 'alice-there', aud: 'another app' },
      { iss: 'https://evil.example.com', sub: 'alice-there', aud: 'app' },
    ]) {
      const { v, clock, provider, memory } = await signedIn();
      clock.advance(11 * minutes);
      provider.answer = async (answer) => ({ ...answer, id_token: await signedIdToken(claims, clock()) });
      await expect(v.accessToken('alice', 'example')).rejects.toMatchObject({
        code: 'provider_misbehaved',
      });
      expect((await stored({ memory }))?.tokensFence).toBeLessThan((await stored({ memory }))?.fence ?? 0);
    }
    const { v, clock, provider } = await signedIn();
    clock.advance(11 * minutes);
    const claims = { iss: 'https://id.example.com', sub: 'alice-there', aud: 'app' };
    provider.answer = async (answer) => ({ ...answer, id_token: await signedIdToken(claims, clock()) });
    expect((await v.accessToken('alice', 'example')).token).toBeInstanceOf(Secret);
  });

  it(`refuses an unknown token type, compares without case, and wants a bound token where one was bound ${requirement('O17', 'B8')}`, async () => {
    const { v, clock, provider } = await signedIn();
    clock.advance(11 * minutes);
    provider.answer = (answer) => ({ ...answer, token_type: 'mac' });
    await expect(v.accessToken('alice', 'example')).rejects.toMatchObject({ code: 'provider_misbehaved' });

    const bound = await signedIn();
    await bound.v.store({
      ...who,
      tokens: bound.provider.issue({ tokenType: 'dpop' }),
      dpopKey: await createDpopKey(),
    });
    bound.clock.advance(11 * minutes);
    bound.provider.answer = (answer) => ({ ...answer, token_type: 'BEARER' });
    await expect(bound.v.accessToken('alice', 'example')).rejects.toMatchObject({ code: 'provider_misbehaved' });
    bound.provider.answer = (answer) => ({ ...answer, token_type: 'dPoP' });
    await bound.v.store({
      ...who,
      tokens: bound.provider.issue({ tokenType: 'dpop' }),
      dpopKey: await createDpopKey(),
    });
    bound.clock.advance(11 * minutes);
    expect((await bound.v.accessToken('alice', 'example')).type).toBe('dpop');
  });
});

describe('outages', () => {
  it('serves the old token to its end while the provider is down, asking it now and then', async () => {
    const { v, clock, provider, read, first, heard } = await signedIn();
    clock.advance(9 * minutes);
    provider.down = true;
    for (let call = 0; call < 20; call++) expect(await read()).toBe(first);
    expect(heard.filter(({ type }) => type === 'oauth.grant_renewal_failed')).toHaveLength(1);
    clock.advance(5_000);
    expect(await read()).toBe(first);
    expect(heard.filter(({ type }) => type === 'oauth.grant_renewal_failed')).toHaveLength(2);
    clock.advance(1 * minutes);
    await expect(v.accessToken('alice', 'example')).rejects.toMatchObject({
      code: 'provider_unavailable',
      status: 503,
    });
    provider.down = false;
    expect(await read()).not.toBe(first);
  });

  it('does not blame the user for a client secret that is wrong', async () => {
    const { v, clock, provider, read } = await signedIn();
    clock.advance(11 * minutes);
    const refused = provider.fetch;
    provider.answer = () => Response.json({ error: 'invalid_client' }, { status: 401 });
    await expect(v.accessToken('alice', 'example')).rejects.toMatchObject({
      code: 'provider_refused',
      providerError: 'invalid_client',
    });
    expect((await v.list('alice'))[0]?.state).toBe('active');
    expect(refused).toBe(provider.fetch);
    expect(await read().catch((error: { code: string }) => error.code)).toBe('reauthentication_required');
  });

  it(`is 503 while the storage is down, never "not found" ${requirement('D3')}`, async () => {
    const { v, setFault } = await signedIn();
    setFault(outage);
    await expect(v.accessToken('alice', 'example')).rejects.toMatchObject({ code: 'storage_unavailable', status: 503 });
    await expect(v.list('alice')).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expect(v.revoke('alice', 'example')).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  it('asks the provider nothing while it could not keep the answer', async () => {
    const { v, clock, provider, read, first, setFault } = await signedIn();
    clock.advance(9 * minutes);
    setFault(readOnly);
    expect(await read()).toBe(first);
    clock.advance(1 * minutes);
    await expect(v.accessToken('alice', 'example')).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(provider.refreshed).toEqual([]);
    setFault(undefined);
    expect(await read()).not.toBe(first);
  });

  it('waits for no lease of its own that a storage took without saying so', async () => {
    const { vault, v: signer, clock, provider, setFault, first } = await signedIn();
    let waits = 0;
    const v = vault({
      wait: async () => {
        waits++;
        clock.advance(1_000);
      },
    });
    clock.advance(11 * minutes);
    setFault((operation, when) => (operation === 'update' && when === 'after' ? outage(operation, when) : undefined));
    await expect(v.accessToken('alice', 'example')).rejects.toMatchObject({ code: 'storage_unavailable' });
    setFault(undefined);
    expect((await v.accessToken('alice', 'example')).token.reveal()).not.toBe(first);
    expect([waits, provider.refreshed.length]).toEqual([0, 1]);
    expect(await signer.remove('alice', 'example')).toBe(true);
  });

  it('holds new tokens that it could not write, and writes them at the next call', async () => {
    const { v, vault, clock, provider, read, first, setFault, heard } = await signedIn();
    clock.advance(11 * minutes);
    provider.beforeAnswer = () => setFault(readOnly);
    const second = await read();
    expect(second).not.toBe(first);
    expect(types(heard)).toContain('oauth.grant_unsaved');
    await expect(v.accessToken('alice', 'example')).rejects.toMatchObject({ code: 'storage_unavailable' });
    setFault(undefined);
    expect(await read()).toBe(second);
    expect(await read(vault())).toBe(second);
    expect(provider.refreshed).toHaveLength(1);
  });
});

describe('a process that dies', () => {
  /** A vault whose process stops for ever at its first write after the provider's answer. */
  async function dieAfterAnswer(parts: Awaited<ReturnType<typeof signedIn>>): Promise<void> {
    const { provider, setFault, read, clock } = parts;
    clock.advance(11 * minutes);
    let died = (): void => undefined;
    const dead = new Promise<void>((resolve) => (died = resolve));
    provider.beforeAnswer = () => {
      setFault((operation) => {
        if (operation !== 'update') return undefined;
        died();
        return new Promise(() => undefined);
      });
    };
    void read();
    await dead;
    provider.beforeAnswer = () => undefined;
    setFault(undefined);
  }

  it('loses one grant at most: the next caller tries the old token once, then the user signs in again', async () => {
    const parts = await signedIn();
    const { provider, clock, vault, heard, tokens } = parts;
    await dieAfterAnswer(parts);
    clock.advance(20_000);
    const another = vault();
    await expect(another.accessToken('alice', 'example')).rejects.toMatchObject({ code: 'reauthentication_required' });
    await expect(another.accessToken('alice', 'example')).rejects.toMatchObject({ code: 'reauthentication_required' });
    expect(provider.refreshed).toEqual([tokens.refreshToken?.reveal(), tokens.refreshToken?.reveal()]);
    expect(heard.filter(({ type }) => type === 'oauth.grant_ended')).toEqual([
      expect.objectContaining({ reason: 'lost' }),
    ]);
    const fresh = provider.issue();
    await another.store({ ...who, tokens: fresh });
    expect((await another.accessToken('alice', 'example')).token.reveal()).toBe(fresh.accessToken.reveal());
  });

  it('loses nothing where the provider does not rotate', async () => {
    const parts = await signedIn({ rotates: false });
    await dieAfterAnswer(parts);
    parts.clock.advance(20_000);
    const token = await parts.read(parts.vault());
    expect(parts.provider.access.has(token)).toBe(true);
    expect(parts.heard.at(-1)).toMatchObject({ type: 'oauth.grant_renewed', recovered: true });
  });

  it('is believed dead only when its lease is over', async () => {
    const parts = await signedIn();
    await dieAfterAnswer(parts);
    let waits = 0;
    const patient = parts.vault({
      wait: async () => {
        waits++;
        parts.clock.advance(1_000);
      },
    });
    await expect(patient.accessToken('alice', 'example')).rejects.toMatchObject({ code: 'reauthentication_required' });
    expect(waits).toBe(20);
  });
});

describe('the end of a grant', () => {
  it('revokes the refresh token at the provider, then forgets it', async () => {
    const { v, provider, tokens, heard } = await signedIn();
    expect(await v.revoke('alice', 'example')).toBe('revoked');
    expect(provider.revoked).toEqual([tokens.refreshToken?.reveal()]);
    expect(await v.list('alice')).toEqual([]);
    expect(await v.revoke('alice', 'example')).toBe('absent');
    expect(heard.at(-1)).toMatchObject({ type: 'oauth.grant_revoked', atProvider: true });
  });

  it('ends at once here, and can be told to the provider later', async () => {
    const { v, provider, tokens } = await signedIn();
    provider.down = true;
    await expect(v.revoke('alice', 'example')).rejects.toMatchObject({ code: 'provider_unavailable' });
    await expect(v.accessToken('alice', 'example')).rejects.toMatchObject({ code: 'reauthentication_required' });
    provider.down = false;
    expect(await v.revoke('alice', 'example')).toBe('revoked');
    expect(provider.revoked).toEqual([tokens.refreshToken?.reveal()]);
  });

  it('does not come back by a renewal that was under way: its tokens are revoked too', async () => {
    for (const end of ['revoke', 'remove'] as const) {
      const { v, vault, clock, provider } = await signedIn();
      clock.advance(11 * minutes);
      provider.beforeAnswer = async () => {
        await vault()[end]('alice', 'example');
      };
      await expect(v.accessToken('alice', 'example')).rejects.toMatchObject({ code: 'reauthentication_required' });
      expect(await v.list('alice')).toEqual([]);
      expect(provider.revoked).toContain([...provider.access].at(-1)?.replace('access', 'refresh'));
    }
  });

  it('yields to a sign-in that came while the provider was asked', async () => {
    const { v, vault, clock, provider, read } = await signedIn();
    clock.advance(11 * minutes);
    const fresh = provider.issue();
    provider.beforeAnswer = () => vault().store({ ...who, tokens: fresh });
    expect(await read()).toBe(fresh.accessToken.reveal());
    expect(await v.remove('alice', 'example')).toBe(true);
    expect(await v.remove('alice', 'example')).toBe(false);
  });

  it('lets one caller go without taking the token from the others', async () => {
    const { v, clock, provider, read, first } = await signedIn();
    clock.advance(11 * minutes);
    const leaving = new AbortController();
    provider.beforeAnswer = () => leaving.abort();
    const [left, stayed] = await Promise.allSettled([
      v.accessToken('alice', 'example', { signal: leaving.signal }),
      read(),
    ]);
    expect(left.status).toBe('rejected');
    expect(stayed).toMatchObject({ status: 'fulfilled' });
    expect((stayed as { value: string }).value).not.toBe(first);
  });
});
