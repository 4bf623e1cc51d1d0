import {
  decodeBase64url,
  type Collection,
  type CollectionDefinition,
  isPortcullisError,
  type Secret,
  type Storage,
  type StoredRecord,
  StorageUnavailableError,
  createMemoryStorage,
} from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import type { IssuedTokens } from '../src/issue/issued-tokens.js';
import { refreshFamilyCollection } from '../src/refresh/refresh-family.js';
import { parseRefreshToken } from '../src/refresh/refresh-token.js';
import { harness, login, payloadOf, refreshKeys, testKey } from './token-harness.js';

const day = 86_400_000;
const second = 1000;

function refreshOf(tokens: IssuedTokens): string {
  return (tokens.refreshToken as Secret).reveal();
}

async function successor(result: Promise<{ readonly ok: boolean; readonly tokens?: IssuedTokens }>): Promise<string> {
  const { ok, tokens } = await result;
  if (!ok || tokens === undefined) throw new Error('the refresh was refused');
  return refreshOf(tokens);
}

/** A storage whose next write of one kind is made and then reported as an outage. */
function lossy(inner: Storage): { readonly storage: Storage; loseNext(): void } {
  let lose = false;
  return {
    loseNext: () => {
      lose = true;
    },
    storage: {
      ...inner,
      collection<T extends StoredRecord>(definition: CollectionDefinition<T>): Collection<T> {
        const collection = inner.collection(definition);
        return {
          ...collection,
          async update(id, version, record, call) {
            const written = await collection.update(id, version, record, call);
            if (!lose) return written;
            lose = false;
            throw new StorageUnavailableError();
          },
        };
      },
    },
  };
}

describe('createTokenIssuer: refresh tokens', () => {
  it(`makes a token of a 256-bit MAC under the server's key over a 256-bit seed ${requirement('F1')}`, async () => {
    const { tokens, storage } = harness();
    const parts = parseRefreshToken(refreshOf(await tokens.issue(login)));
    expect(decodeBase64url(parts?.mac ?? '')).toHaveLength(32);
    const row = await storage.collection(refreshFamilyCollection).get(parts?.family ?? '');
    expect(decodeBase64url(row?.record.seed ?? '')).toHaveLength(32);
  });

  it(`gives a new token at each use and refuses the old one ${requirement('F2')}`, async () => {
    const { tokens, clock } = harness();
    const first = refreshOf(await tokens.issue(login));
    const second_ = await successor(tokens.refresh(first, { clientId: 'app' }));
    expect(second_).not.toBe(first);
    clock.advance(31 * second);
    expect(await tokens.refresh(first, { clientId: 'app' })).toMatchObject({ ok: false, error: 'invalid_grant' });
  });

  it(`answers reuse with invalid_grant, ends the login and says so ${requirement('F3')}`, async () => {
    const { tokens, clock, log, events } = harness();
    const seen: unknown[] = [];
    events.on('tokens.reuse_detected', (event) => seen.push(event));
    const first = refreshOf(await tokens.issue(login));
    const next = await successor(tokens.refresh(first, { clientId: 'app' }));
    clock.advance(30 * second);
    expect(await tokens.refresh(first, { clientId: 'app' })).toEqual({
      ok: false,
      error: 'invalid_grant',
      reason: 'reused',
    });
    expect(await tokens.refresh(next, { clientId: 'app' })).toEqual({
      ok: false,
      error: 'invalid_grant',
      reason: 'unknown',
    });
    expect(seen).toMatchObject([
      { subject: 'user-1', clientId: 'app', tenant: 'acme', generation: 0, currentGeneration: 1 },
    ]);
    expect(log).toEqual([
      'tokens.issued',
      'tokens.refreshed',
      'tokens.reuse_detected',
      'tokens.revoked:reuse',
      'tokens.refused:reused',
      'tokens.refused:unknown',
    ]);
  });

  it('takes a generation before the preceding one for reuse, even at once', async () => {
    const { tokens } = harness();
    const first = refreshOf(await tokens.issue(login));
    const next = await successor(tokens.refresh(first, { clientId: 'app' }));
    await tokens.refresh(next, { clientId: 'app' });
    expect(await tokens.refresh(first, { clientId: 'app' })).toMatchObject({ reason: 'reused' });
  });

  it(`gives every concurrent and repeated caller the same successor, on every replica ${requirement('F4')}`, async () => {
    const { tokens, replica, clock } = harness();
    const other = replica();
    const first = refreshOf(await tokens.issue(login));
    const calls = Array.from({ length: 20 }, (_, i) =>
      successor((i % 2 ? tokens : other).refresh(first, { clientId: 'app' })),
    );
    const given = new Set(await Promise.all(calls));
    clock.advance(29_999);
    given.add(await successor(other.refresh(first, { clientId: 'app' })));
    expect(given.size).toBe(1);
  });

  it('gives the successor again to a caller whose answer, or whose write, was lost', async () => {
    const { storage, loseNext } = lossy(createMemoryStorage());
    const { tokens } = harness({ storage, clock: Date.now });
    const first = refreshOf(await tokens.issue(login));
    loseNext();
    await expect(tokens.refresh(first, { clientId: 'app' })).rejects.toSatisfy((error) =>
      isPortcullisError(error, 'storage_unavailable'),
    );
    const again = await tokens.refresh(first, { clientId: 'app' });
    expect(again).toMatchObject({ ok: true, repeated: true });
  });

  it(`ends a login after its absolute lifetime, however active it is ${requirement('F5')}`, async () => {
    const { tokens, clock } = harness({ refresh: { keys: refreshKeys, inactivityMs: 2 * day, lifetimeMs: 5 * day } });
    let token = refreshOf(await tokens.issue(login));
    for (let i = 0; i < 4; i++) {
      clock.advance(day);
      token = await successor(tokens.refresh(token, { clientId: 'app' }));
    }
    clock.advance(day - 1);
    token = await successor(tokens.refresh(token, { clientId: 'app' }));
    clock.advance(1);
    expect(await tokens.refresh(token, { clientId: 'app' })).toMatchObject({ ok: false, reason: 'unknown' });
  });

  it('lets no access token outlive its login', async () => {
    const { tokens, clock } = harness({
      refresh: { keys: refreshKeys, lifetimeMs: 60 * second, inactivityMs: 60 * second },
    });
    const start = clock();
    const issued = await tokens.issue(login);
    expect(issued.expiresIn).toBe(60);
    expect(payloadOf(issued.accessToken.reveal())['exp']).toBe(start / 1000 + 60);
  });

  it(`ends a login that was not used for 30 days, and moves that on at each use ${requirement('F6')}`, async () => {
    const { tokens, clock } = harness();
    const first = refreshOf(await tokens.issue(login));
    clock.advance(30 * day - 1);
    const next = await successor(tokens.refresh(first, { clientId: 'app' }));
    clock.advance(30 * day - 1);
    const last = await successor(tokens.refresh(next, { clientId: 'app' }));
    clock.advance(30 * day);
    expect(await tokens.refresh(last, { clientId: 'app' })).toMatchObject({ ok: false, reason: 'unknown' });
  });

  it(`refuses a token to another client, and kills nothing for it ${requirement('F7')}`, async () => {
    const { tokens } = harness();
    const first = refreshOf(await tokens.issue(login));
    expect(await tokens.refresh(first, { clientId: 'other' })).toEqual({
      ok: false,
      error: 'invalid_grant',
      reason: 'wrong_client',
    });
    expect(await tokens.refresh(first, { clientId: 'app' })).toMatchObject({ ok: true });
  });

  it(`narrows the scope of one access token and never widens the grant ${requirement('F8')}`, async () => {
    const { tokens } = harness();
    const first = refreshOf(await tokens.issue(login));
    expect(await tokens.refresh(first, { clientId: 'app', scope: ['posts:read', 'admin'] })).toEqual({
      ok: false,
      error: 'invalid_scope',
      reason: 'scope',
    });
    const narrow = await tokens.refresh(first, { clientId: 'app', scope: ['posts:read'] });
    if (!narrow.ok) throw new Error('refused');
    expect(narrow.tokens.scope).toEqual(['posts:read']);
    expect(payloadOf(narrow.tokens.accessToken.reveal())['scope']).toBe('posts:read');
    const full = await tokens.refresh(refreshOf(narrow.tokens), { clientId: 'app' });
    if (!full.ok) throw new Error('refused');
    expect(full.tokens.scope).toEqual(['posts:read', 'posts:write']);
  });

  it('takes junk that carries a real family for junk, and kills nothing', async () => {
    const { tokens, replica, log } = harness();
    const stranger = replica({ refresh: { keys: { current: 'k1', keys: { k1: testKey(9) } } } });
    const first = refreshOf(await tokens.issue(login));
    const next = await successor(tokens.refresh(first, { clientId: 'app' }));
    const [family = '', , mac = ''] = first.split('.');
    for (const junk of [`${family}.0.${mac.slice(1)}A`, `${family}.1.${mac}`, `${family}.7.${mac}`]) {
      expect(await tokens.refresh(junk, { clientId: 'app' })).toMatchObject({ ok: false, reason: 'forged' });
    }
    expect(await stranger.refresh(first, { clientId: 'app' })).toMatchObject({ reason: 'forged' });
    expect(log).not.toContain('tokens.reuse_detected');
    expect(await tokens.refresh(next, { clientId: 'app' })).toMatchObject({ ok: true });
  });

  it('refuses a genuine token that is ahead of a database that was set back, and kills nothing', async () => {
    const { tokens, storage, clock } = harness();
    const issued = await tokens.issue(login);
    const families = storage.collection(refreshFamilyCollection);
    const before = await families.get(issued.family ?? '');
    const next = await successor(tokens.refresh(refreshOf(issued), { clientId: 'app' }));
    const after = await families.get(issued.family ?? '');
    if (before === undefined || after === undefined) throw new Error('no row');
    await families.update(before.record.id, after.version, before.record);
    clock.advance(60 * second);
    expect(await tokens.refresh(next, { clientId: 'app' })).toMatchObject({ reason: 'ahead' });
    expect(await tokens.refresh(refreshOf(issued), { clientId: 'app' })).toMatchObject({ ok: true });
  });

  it('keeps nothing in the database that is a token, or makes one without the key', async () => {
    const { tokens, storage, replica } = harness();
    const issued = await tokens.issue(login);
    const next = await successor(tokens.refresh(refreshOf(issued), { clientId: 'app' }));
    const row = await storage.collection(refreshFamilyCollection).get(issued.family ?? '');
    const text = JSON.stringify(row);
    for (const token of [refreshOf(issued), next]) expect(text).not.toContain(token.split('.')[2]);
    // A thief with the row and every public part, under keys of their own.
    const thief = replica({
      refresh: { keys: { current: 'k1', keys: { k1: testKey(7) } } },
      storage: createMemoryStorage(),
    });
    const theirs = await thief.issue(login);
    expect(await tokens.refresh(refreshOf(theirs), { clientId: 'app' })).toMatchObject({ ok: false });
  });

  it('makes another MAC for the same family and generation under another seed: the key alone gives no token', async () => {
    const { tokens, storage } = harness();
    const issued = await tokens.issue(login);
    const families = storage.collection(refreshFamilyCollection);
    const row = await families.get(issued.family ?? '');
    if (row === undefined) throw new Error('no row');
    const seed = row.record.seed.startsWith('A') ? `B${row.record.seed.slice(1)}` : `A${row.record.seed.slice(1)}`;
    await families.update(row.record.id, row.version, { ...row.record, seed });
    expect(await tokens.refresh(refreshOf(issued), { clientId: 'app' })).toMatchObject({ reason: 'forged' });
  });

  it('takes tokens of an old key while it is in the ring, and moves the login to the new one', async () => {
    const both = { current: 'k2', keys: { k1: testKey(1), k2: testKey(2) } };
    const { tokens, replica, clock } = harness();
    const rotated = replica({ refresh: { keys: both } });
    const only = replica({ refresh: { keys: { current: 'k2', keys: { k2: testKey(2) } } } });
    const first = refreshOf(await tokens.issue(login));
    const stay = refreshOf(await tokens.issue(login));
    const next = await successor(rotated.refresh(first, { clientId: 'app' }));
    expect(await only.refresh(stay, { clientId: 'app' })).toMatchObject({ reason: 'forged' });
    const last = await successor(only.refresh(next, { clientId: 'app' }));
    expect(last.split('.')[1]).toBe('2');
    // Reuse of a generation of the old key is still seen where that key is held.
    clock.advance(60 * second);
    const reused = refreshOf(await tokens.issue(login));
    await rotated.refresh(reused, { clientId: 'app' });
    clock.advance(60 * second);
    expect(await rotated.refresh(reused, { clientId: 'app' })).toMatchObject({ reason: 'reused' });
  });

  it('gives the successor of the grace again across a rotation of the keys', async () => {
    const both = { current: 'k2', keys: { k1: testKey(1), k2: testKey(2) } };
    const { tokens, replica } = harness({ refresh: { keys: { current: 'k1', keys: both.keys } } });
    const first = refreshOf(await tokens.issue(login));
    const next = await successor(replica({ refresh: { keys: both } }).refresh(first, { clientId: 'app' }));
    expect(await successor(tokens.refresh(first, { clientId: 'app' }))).toBe(next);
  });

  it('lists the logins of a user and of a tenant, without their seeds', async () => {
    const { tokens, clock } = harness();
    await tokens.issue({ ...login, label: 'Phone' });
    clock.advance(second);
    await tokens.issue({ ...login, tenant: 'other', label: 'Laptop' });
    await tokens.issue({ ...login, subject: 'user-2' });
    const page = await tokens.list('user-1');
    expect(page.items.map(({ label }) => label)).toEqual(['Laptop', 'Phone']);
    expect(JSON.stringify(page)).not.toContain('seed');
    expect((await tokens.list('user-1', { tenant: 'acme' })).items.map(({ label }) => label)).toEqual(['Phone']);
  });

  it(`puts no token, seed or MAC into events and answers of any refusal ${requirement('C26')}`, async () => {
    const { tokens, storage, clock, events } = harness();
    const told: unknown[] = [];
    events.on('*', (event) => told.push(event));
    const issued = await tokens.issue(login);
    const first = refreshOf(issued);
    const next = await successor(tokens.refresh(first, { clientId: 'app' }));
    const seed = (await storage.collection(refreshFamilyCollection).get(issued.family ?? ''))?.record.seed ?? 'none';
    told.push(await tokens.refresh(`${next.slice(0, -1)}${next.endsWith('A') ? 'B' : 'A'}`, { clientId: 'app' }));
    told.push(await tokens.refresh(next, { clientId: 'other' }));
    told.push(await tokens.refresh('not a token\r\n', { clientId: 'app' }));
    clock.advance(60 * second);
    told.push(await tokens.refresh(first, { clientId: 'app' }));
    const text = JSON.stringify(told);
    const secrets = [seed, issued.accessToken.reveal(), ...[first, next].map((token) => token.split('.')[2] ?? 'none')];
    for (const secret of secrets) expect(text).not.toContain(secret.slice(0, 20));
    expect(told).toHaveLength(12);
  });

  it('prints no token in logs, JSON or inspect until it is revealed', async () => {
    const issued = await harness().tokens.issue(login);
    const plain = issued.reveal();
    const printed = `${JSON.stringify(issued)} ${String(issued.accessToken)} ${String(issued.refreshToken)}`;
    expect(printed).not.toContain(plain.access_token);
    expect(printed).not.toContain(plain.refresh_token);
    expect(plain).toMatchObject({ token_type: 'Bearer', expires_in: 900, scope: 'posts:read posts:write' });
  });
});
