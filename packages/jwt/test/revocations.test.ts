import {
  type BusListener,
  type Collection,
  type CollectionDefinition,
  createMemoryStorage,
  isPortcullisError,
  type Secret,
  type Storage,
  StorageUnavailableError,
  type StoredRecord,
} from '@portcullis/core';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { parseMessage } from '../src/revoke/revocation-channel.js';
import { createRevocations, type RevocationsOptions } from '../src/revoke/revocations.js';
import type { Revocation, TokenFacts } from '../src/verify/revocation-check.js';
import { createJwtVerifier } from '../src/verify/create-jwt-verifier.js';
import { createSigningKeys } from '../src/sign/create-signing-keys.js';
import { audience, harness, issuer, login, refreshKeys, testKeys, tokenFacts } from './token-harness.js';

const minute = 60_000;
const iss = issuer;

function setUp(wrap: (storage: Storage) => Storage = (storage) => storage) {
  const clock = fakeClock();
  const base = createMemoryStorage({ clock });
  const storage = wrap(base);
  const make = (more: Partial<RevocationsOptions> = {}) => createRevocations({ storage, issuer, clock, ...more });
  const facts = (more: Partial<TokenFacts> = {}): TokenFacts =>
    tokenFacts({ issuedAt: clock(), expiresAt: clock() + 15 * minute, ...more });
  return { clock, base, storage, make, facts, revocations: make() };
}

/** Wraps every collection's `get`. */
function withGet(inner: Storage, get: (read: () => unknown) => unknown): Storage {
  return {
    ...inner,
    collection<T extends StoredRecord>(definition: CollectionDefinition<T>): Collection<T> {
      const collection = inner.collection(definition);
      return {
        ...collection,
        get: (id, call) => get(() => collection.get(id, call)) as ReturnType<Collection<T>['get']>,
      };
    },
  };
}

describe('createRevocations', () => {
  it('kills one token by issuer and jti, on every process', async () => {
    const { revocations, make, facts } = setUp();
    const other = make();
    expect(await other.isRevoked(facts())).toBe(false);
    await revocations.revokeToken({ jti: 'jti-1', expiresAt: facts().expiresAt });
    expect(await revocations.isRevoked(facts())).toBe(true);
    expect(await other.isRevoked(facts())).toBe(true);
    expect(await other.isRevoked(facts({ jti: 'jti-2' }))).toBe(false);
    expect(await other.isRevoked(facts({ iss: 'https://other.example.com' }))).toBe(false);
  });

  it('keeps a revoked token dead until its expiry and its tolerance are over', async () => {
    const { revocations, make, clock, facts } = setUp();
    const token = facts();
    await revocations.revokeToken({ jti: 'jti-1', expiresAt: token.expiresAt });
    clock.advance(15 * minute + 60_000);
    expect(await make().isRevoked(token)).toBe(true);
  });

  it(`kills everything of a user issued up to now, and nothing after ${requirement('J33')}`, async () => {
    const { revocations, make, clock, facts } = setUp();
    const before = facts();
    const notBefore = await revocations.revokeUser('user-1');
    const after = facts({ jti: 'jti-2', issuedAt: notBefore + 1 });
    for (const process of [revocations, make()]) {
      expect(await process.isRevoked(before)).toBe(true);
      expect(await process.isRevoked(after)).toBe(false);
      expect(await process.isRevoked(facts({ sub: 'user-2' }))).toBe(false);
      expect(await process.isRevoked(facts({ issuedAt: undefined }))).toBe(true);
    }
    clock.advance(1);
    expect(await revocations.userRevocation('user-1')).toEqual({ notBefore, revokedAt: clock() - 1 });
  });

  it('never takes a not-before back, and tells two of one millisecond apart', async () => {
    const { revocations, clock } = setUp();
    const first = await revocations.revokeUser('user-1');
    expect(await revocations.revokeUser('user-1')).toBe(first + 1);
    clock.set(first - 10_000);
    expect(await revocations.revokeUser('user-1')).toBe(first + 2);
  });

  it('kills every token of a login', async () => {
    const { revocations, make, facts } = setUp();
    await revocations.revokeFamily('family-1');
    expect(await make().isRevoked(facts({ jti: 'any' }))).toBe(true);
    expect(await make().isRevoked(facts({ sid: 'family-2' }))).toBe(false);
    expect(await make().isRevoked(facts({ sid: undefined }))).toBe(false);
  });

  it('hears of a revocation at once where there is a bus, and within staleMs where there is none', async () => {
    const { storage, make, clock, facts } = setUp();
    const { bus: _bus, ...deaf } = storage;
    const silent = { ...deaf, capabilities: { ...storage.capabilities, bus: false } };
    const [near, far] = [make({ staleMs: 5000 }), make({ storage: silent, staleMs: 5000 })];
    const token = facts();
    expect([await near.isRevoked(token), await far.isRevoked(token)]).toEqual([false, false]);
    await make().revokeUser('user-1');
    expect([await near.isRevoked(token), await far.isRevoked(token)]).toEqual([true, false]);
    clock.advance(4999);
    expect(await far.isRevoked(token)).toBe(false);
    clock.advance(1);
    expect(await far.isRevoked(token)).toBe(true);
  });

  it('asks the storage for each request with staleMs 0, and once with more', async () => {
    let reads = 0;
    const { make, facts } = setUp((inner) =>
      withGet(inner, (read) => {
        reads += 1;
        return read();
      }),
    );
    const [strict, lax] = [make({ staleMs: 0 }), make({ staleMs: 1000 })];
    for (let i = 0; i < 3; i++) await strict.isRevoked(facts());
    expect(reads).toBe(9);
    for (let i = 0; i < 3; i++) await lax.isRevoked(facts());
    expect(reads).toBe(12);
  });

  it('does not remember an answer that a revocation overtook', async () => {
    const waiting: (() => void)[] = [];
    let slow = false;
    const { make, facts, base } = setUp((inner) =>
      withGet(inner, (read) => {
        if (!slow) return read();
        const value = read();
        return new Promise((resolve) => waiting.push(() => resolve(value)));
      }),
    );
    const [one, other] = [make({ staleMs: 60_000 }), make({ storage: base })];
    await one.isRevoked(facts({ jti: 'warm-up' }));
    slow = true;
    const answer = one.isRevoked(facts());
    await other.revokeFamily('family-1');
    slow = false;
    for (const go of waiting) go();
    expect(await answer).toBe(false);
    expect(await one.isRevoked(facts())).toBe(true);
  });

  it(`throws when the storage does not answer, also for a token it has seen before ${requirement('D3')}`, async () => {
    let down = false;
    const { make, facts, clock } = setUp((inner) =>
      withGet(inner, (read) => {
        if (down) throw new StorageUnavailableError();
        return read();
      }),
    );
    const revocations = make({ staleMs: 1000 });
    expect(await revocations.isRevoked(facts())).toBe(false);
    down = true;
    clock.advance(1000);
    expect(() => revocations.isRevoked(facts())).toThrow(StorageUnavailableError);
    await expect(revocations.revokeUser('user-1')).rejects.toSatisfy((error) =>
      isPortcullisError(error, 'storage_unavailable'),
    );
  });

  it('does not acknowledge a revocation that the others could not be told', async () => {
    const { make, facts } = setUp((inner) => ({
      ...inner,
      bus: { subscribe: () => () => undefined, publish: () => Promise.reject(new Error('down')) },
    }));
    const revocations = make();
    await expect(revocations.revokeFamily('family-1')).rejects.toSatisfy((error) =>
      isPortcullisError(error, 'storage_unavailable'),
    );
    expect(await revocations.isRevoked(facts())).toBe(true);
  });

  it('counts a token that lives longer than revocations are kept as revoked', async () => {
    const { make, facts, clock } = setUp();
    const short = make({ maxTokenLifetimeMs: 60 * minute });
    expect(await short.isRevoked(facts({ expiresAt: clock() + 61 * minute }))).toBe(true);
    expect(await short.isRevoked(facts({ jti: 'b', expiresAt: clock() + 59 * minute }))).toBe(false);
  });

  it('tells its listeners once of each revocation, and survives one that throws', async () => {
    const { revocations, make } = setUp();
    const other = make();
    const heard: Revocation[] = [];
    other.onRevoked(() => {
      throw new Error('a listener that fails');
    });
    other.onRevoked((revocation) => heard.push(revocation));
    const stop = revocations.onRevoked((revocation) => heard.push(revocation));
    await revocations.revokeToken({ jti: 'jti-1', expiresAt: Date.UTC(2030, 0, 1) });
    stop();
    await revocations.revokeFamily('family-1');
    const token = { kind: 'token', iss, jti: 'jti-1' };
    expect(heard).toEqual([token, token, { kind: 'family', iss, sid: 'family-1' }]);
  });

  it('forgets everything when the bus may have lost a message, or says what it does not know', async () => {
    let listener: BusListener | undefined;
    const { make, facts } = setUp((inner) => ({
      ...inner,
      bus: {
        publish: () => undefined,
        subscribe: (_channel, given) => {
          listener ??= given;
          return () => undefined;
        },
      },
    }));
    const [deaf, writer] = [make({ staleMs: 60_000 }), make()];
    const news = [() => listener?.lost(), () => listener?.message('{"v":9}'), () => listener?.message('no JSON')];
    for (const [i, tell] of news.entries()) {
      const token = facts({ jti: `jti-${i}` });
      expect(await deaf.isRevoked(token)).toBe(false);
      await writer.revokeToken({ jti: token.jti ?? '', expiresAt: token.expiresAt });
      expect(await deaf.isRevoked(token)).toBe(false);
      tell();
      expect(await deaf.isRevoked(token)).toBe(true);
    }
  });

  it('reads only messages of the form it writes', () => {
    expect(parseMessage('null')).toBeUndefined();
    expect(parseMessage('{"from":"a","revocation":{"kind":"user","iss":"i","sub":"s"}}')).toBeUndefined();
    expect(parseMessage('{"from":"a","revocation":{"kind":"else","iss":"i","sub":"s"}}')).toBeUndefined();
    expect(parseMessage('{"from":"a","revocation":{"kind":"user","iss":"i","sub":"s","notBefore":1}}')).toBeDefined();
  });

  it.each([{ staleMs: -1 }, { staleMs: 300_001 }, { issuer: '' }, { maxRemembered: 0.5 }, { maxTokenLifetimeMs: 1 }])(
    'refuses %j',
    (bad) => {
      expect(() => setUp().make(bad)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
    },
  );
});

describe('createTokenIssuer: revocation', () => {
  const verifierOf = (revocations: ReturnType<typeof harness>['tokens']['revocations'], clock: () => number) =>
    createJwtVerifier({ issuer, audience, algorithms: ['EdDSA'], keys: testKeys, revocations, clock });

  it(`keeps the (r, n - s) twin of a revoked ES256 token dead ${requirement('J22')}`, async () => {
    const clock = fakeClock();
    const keys = createSigningKeys({
      storage: createMemoryStorage({ clock }),
      encryptionKeys: refreshKeys,
      algorithm: 'ES256',
      clock,
    });
    const { tokens } = harness({ keys, clock, storage: createMemoryStorage({ clock }) });
    const { revocations } = tokens;
    const verifier = createJwtVerifier({ issuer, audience, algorithms: ['ES256'], keys, revocations, clock });
    const token = (await tokens.issue(login)).accessToken.reveal();
    const [header, payload, signature = ''] = token.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const s = (order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)).toString(16).padStart(64, '0');
    const twin = `${header}.${payload}.${Buffer.concat([bytes.subarray(0, 32), Buffer.from(s, 'hex')]).toString('base64url')}`;
    expect(twin).not.toBe(token);
    expect(await verifier.verify(twin)).toMatchObject({ outcome: 'verified' });
    await tokens.revoke(token);
    expect(await verifier.verify(token)).toMatchObject({ fault: 'revoked' });
    expect(await verifier.verify(twin)).toMatchObject({ fault: 'revoked' });
  });

  it(`kills the access tokens of a login with its refresh token ${requirement('F12')}`, async () => {
    const { tokens, clock } = harness();
    const verifier = verifierOf(tokens.revocations, clock);
    const issued = await tokens.issue(login);
    const access = issued.accessToken.reveal();
    expect(await verifier.verify(access)).toMatchObject({ outcome: 'verified' });
    expect(await tokens.revoke((issued.refreshToken as Secret).reveal())).toBe('revoked');
    expect(await verifier.verify(access)).toMatchObject({ outcome: 'rejected', fault: 'revoked' });
  });

  it(`ends all logins of a user, their refresh and access tokens, on every process ${requirement('F9', 'J33', 'D6')}`, async () => {
    const { tokens, replica, clock } = harness();
    const verifier = verifierOf(replica().revocations, clock);
    const mine = await Promise.all([1, 2, 3].map(() => tokens.issue(login)));
    const theirs = await tokens.issue({ ...login, subject: 'user-2' });
    for (const { accessToken } of [...mine, theirs])
      expect(await verifier.verify(accessToken.reveal())).toMatchObject({ outcome: 'verified' });
    expect(await tokens.revokeAll('user-1')).toBe(3);
    for (const { accessToken, refreshToken } of mine) {
      expect(await verifier.verify(accessToken.reveal())).toMatchObject({ fault: 'revoked' });
      expect(await replica().refresh((refreshToken as Secret).reveal(), { clientId: 'app' })).toMatchObject({
        ok: false,
        error: 'invalid_grant',
      });
    }
    expect(await verifier.verify(theirs.accessToken.reveal())).toMatchObject({ outcome: 'verified' });
    // Who logs in afterwards, even within the same millisecond, is in.
    const again = await tokens.issue(login);
    expect(await verifier.verify(again.accessToken.reveal())).toMatchObject({ outcome: 'verified' });
    clock.advance(1000);
    expect(await tokens.refresh((again.refreshToken as Secret).reveal(), { clientId: 'app' })).toMatchObject({
      ok: true,
    });
  });

  it('spares the login that asked for the others to end; its next access token comes from a refresh', async () => {
    const { tokens, clock } = harness();
    const verifier = verifierOf(tokens.revocations, clock);
    const [own, other] = [await tokens.issue(login), await tokens.issue(login)];
    clock.advance(5);
    expect(await tokens.revokeAll('user-1', { except: own.family })).toBe(1);
    const refreshed = await tokens.refresh((own.refreshToken as Secret).reveal(), { clientId: 'app' });
    if (!refreshed.ok) throw new Error('refused');
    expect(await verifier.verify(refreshed.tokens.accessToken.reveal())).toMatchObject({ outcome: 'verified' });
    expect(await tokens.refresh((other.refreshToken as Secret).reveal(), { clientId: 'app' })).toMatchObject({
      ok: false,
    });
    // The next one spares nobody.
    await tokens.revokeAll('user-1');
    expect(await verifier.verify(refreshed.tokens.accessToken.reveal())).toMatchObject({ fault: 'revoked' });
    expect(await tokens.refresh((refreshed.tokens.refreshToken as Secret).reveal(), { clientId: 'app' })).toMatchObject(
      { ok: false },
    );
  });

  it('ends one login out of the list, for its own user only', async () => {
    const { tokens } = harness();
    const issued = await tokens.issue(login);
    expect(await tokens.revokeFamily(issued.family ?? '', { subject: 'user-2' })).toBe(false);
    expect(await tokens.revokeFamily(issued.family ?? '', { subject: 'user-1' })).toBe(true);
    expect((await tokens.list('user-1')).items).toEqual([]);
  });

  it('answers 503 and not "good" when revocations cannot be read', async () => {
    const base = createMemoryStorage();
    let down = false;
    const storage = withGet(base, (read) => {
      if (down) throw new StorageUnavailableError();
      return read();
    });
    const { tokens } = harness({ storage, clock: Date.now });
    const verifier = verifierOf(tokens.revocations, Date.now);
    const issued = await tokens.issue(login);
    down = true;
    expect(await verifier.verify(issued.accessToken.reveal())).toMatchObject({ outcome: 'unavailable' });
  });
});
