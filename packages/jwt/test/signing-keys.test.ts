import { createMemoryStorage, type Storage, StorageUnavailableError } from '@portcullis/core';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSigningKeys, type SigningKeysOptions } from '../src/sign/create-signing-keys.js';
import { createJwksHandler } from '../src/handlers/jwks-handler.js';
import { currentKey, planKeys, type ScheduledKey } from '../src/sign/key-schedule.js';
import { signingKeyCollection } from '../src/sign/signing-key-record.js';
import { createJwtVerifier } from '../src/verify/create-jwt-verifier.js';
import { audience, harness, headerOf, issuer, login, testKey } from './token-harness.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const encryptionKeys = { current: 'e1', keys: { e1: testKey(5) } };

function setUp(options: Partial<SigningKeysOptions> = {}) {
  const clock = fakeClock();
  const storage = createMemoryStorage({ clock });
  const make = (more: Partial<SigningKeysOptions> = {}) =>
    createSigningKeys({ storage, encryptionKeys, clock, ...options, ...more });
  return { clock, storage, make, keys: make() };
}

const kidsOf = async (keys: { jwks(): unknown }): Promise<unknown[]> =>
  ((await keys.jwks()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);

describe('planKeys', () => {
  const schedule = { rotateEveryMs: 1000, publishAheadMs: 300, keepPreviousMs: 400, leadMs: 50 };

  it('always has one key that signs, publishes each long enough before, and keeps each long enough after', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2500 }), { minLength: 1, maxLength: 60 }), (steps) => {
        let now = 0;
        let keys: (ScheduledKey & { readonly madeAt: number })[] = [];
        const stopped = new Map<string, number>();
        for (const step of [0, ...steps]) {
          now += step;
          const { add, remove } = planKeys(keys, now, schedule);
          for (const kid of remove)
            expect(now - (stopped.get(kid) ?? Infinity)).toBeGreaterThanOrEqual(schedule.keepPreviousMs);
          keys = keys.filter(({ kid }) => !remove.includes(kid));
          if (add !== undefined) {
            const last = keys.at(-1);
            if (last !== undefined) stopped.set(last.kid, add);
            if (last !== undefined) expect(add - now).toBeGreaterThanOrEqual(schedule.publishAheadMs);
            keys.push({ kid: `k${now}`, signsFrom: add, madeAt: now });
          }
          expect(currentKey(keys, now)).toBeDefined();
          expect(keys.filter(({ signsFrom }) => signsFrom > now).length).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

describe('createSigningKeys', () => {
  it(`makes EdDSA keys unless told otherwise, and RS256 only when that is said aloud ${requirement('J8')}`, async () => {
    const { keys, make } = setUp();
    expect((await keys.current()).algorithm).toBe('EdDSA');
    expect(() => make({ algorithm: 'RS256' })).toThrow('dangerouslyAllowRs256');
    expect((await make({ algorithm: 'ES256', name: 'ec' }).current()).algorithm).toBe('ES256');
  });

  it('publishes a key before it signs and after, and rotates by itself', async () => {
    const { keys, clock } = setUp();
    const first = (await keys.current()).kid;
    expect(await kidsOf(keys)).toEqual([first]);
    clock.advance(30 * day - hour);
    const published = (await keys.list()).map(({ state }) => state);
    expect(published).toEqual(['current', 'next']);
    const [, next] = await kidsOf(keys);
    expect((await keys.current()).kid).toBe(first);
    clock.advance(hour);
    expect((await keys.current()).kid).toBe(next);
    expect(await kidsOf(keys)).toEqual([first, next]);
    clock.advance(hour);
    await keys.list();
    expect(await kidsOf(keys)).toEqual([next]);
  });

  it('moves every replica together: they make one key, and sign with the same one', async () => {
    const { make, clock } = setUp();
    const replicas = [make(), make(), make(), make()];
    const first = new Set((await Promise.all(replicas.map(async (keys) => keys.current()))).map(({ kid }) => kid));
    expect(first.size).toBe(1);
    clock.advance(30 * day - hour);
    await Promise.all(replicas.map((keys) => keys.list()));
    expect(new Set((await Promise.all(replicas.map(kidsOf))).map(String)).size).toBe(1);
    clock.advance(hour);
    const second = new Set((await Promise.all(replicas.map(async (keys) => keys.current()))).map(({ kid }) => kid));
    expect(second.size).toBe(1);
    expect([...second][0]).not.toBe([...first][0]);
  });

  it('refuses no valid token while keys rotate every second under load on several replicas', {
    timeout: 60_000,
  }, async () => {
    const {
      make,
      keys: oldest,
      clock,
      storage,
    } = setUp({
      rotateEveryMs: 1000,
      publishAheadMs: 75_000,
      keepPreviousMs: 6000,
      jwksMaxAgeMs: 60_000,
      refreshMs: 100,
    });
    // The first key signs until others have been published for long enough.
    for (const start = clock(); clock() < start + 80_000; clock.advance(500)) await oldest.current();
    const replicas = [make(), make(), make()];
    const { replica } = harness({ storage, clock, accessLifetimeMs: 5000 });
    const issuers = replicas.map((keys) => replica({ keys, clock, accessLifetimeMs: 5000 }));
    const serve = createJwksHandler(replicas[2] as (typeof replicas)[number]);
    const remote = createJwtVerifier({
      issuer,
      audience,
      algorithms: ['EdDSA'],
      jwks: 'https://auth.example.com/jwks.json',
      fetch: (url) => serve(new Request(url)),
      clock,
      cache: false,
    });
    const local = createJwtVerifier({
      issuer,
      audience,
      algorithms: ['EdDSA'],
      keys: replicas[1] as (typeof replicas)[number],
      clock,
    });
    const alive: { readonly token: string; readonly until: number }[] = [];
    const kids = new Set<unknown>();
    let refused = 0;
    let checked = 0;
    for (let tick = 0; tick < 600; tick++) {
      const token = (
        await (issuers[tick % 3] as (typeof issuers)[number]).issueForClient({ clientId: 'load', scope: [] })
      ).accessToken.reveal();
      kids.add(headerOf(token)['kid']);
      alive.push({ token, until: clock() + 5000 });
      const stillGood = alive.filter(({ until }) => until - 1000 > clock()).slice(-45);
      for (const { token: one } of [stillGood.at(-1), stillGood[0]].filter((entry) => entry !== undefined)) {
        for (const verifier of [remote, local]) {
          checked += 1;
          if ((await verifier.verify(one)).outcome !== 'verified') refused += 1;
        }
      }
      clock.advance(100);
    }
    expect(checked).toBeGreaterThan(2000);
    expect(kids.size).toBeGreaterThanOrEqual(60);
    expect(refused).toBe(0);
  });

  it('keeps nothing in the storage that signs, or that can be exchanged for another key', async () => {
    const { keys, storage, make, clock } = setUp();
    await keys.current();
    const collection = storage.collection(signingKeyCollection);
    const row = await collection.get('default');
    if (row === undefined) throw new Error('no row');
    const key = row.record.keys[0];
    if (key === undefined) throw new Error('no key');
    expect(Object.keys(key).sort()).toEqual(['algorithm', 'kid', 'sealed', 'signsFrom']);
    expect(JSON.stringify(row)).not.toMatch(/"d"|"k"/);
    // Another ring cannot open it; and a thief's own key, sealed with theirs, is not taken.
    const wrong = { current: 'e1', keys: { e1: testKey(6) } };
    await expect(Promise.resolve(make({ encryptionKeys: wrong }).current())).rejects.toMatchObject({
      code: 'invalid_key',
    });
    const thief = setUp({ encryptionKeys: wrong });
    await thief.keys.current();
    const theirs = (await thief.storage.collection(signingKeyCollection).get('default'))?.record.keys ?? [];
    await collection.update('default', row.version, { ...row.record, keys: theirs });
    await expect(Promise.resolve(make().current())).rejects.toMatchObject({ code: 'invalid_key' });
    // Nor a good one under another id.
    const again = await collection.get('default');
    await collection.update('default', again?.version ?? '', { ...row.record, keys: [{ ...key, kid: 'other' }] });
    await expect(Promise.resolve(make().current())).rejects.toMatchObject({ code: 'invalid_key' });
    clock.advance(1);
  });

  it('seals stored keys anew when the sealing key changes, and the old one can go', async () => {
    const { keys, make } = setUp();
    const { kid } = await keys.current();
    const both = { current: 'e2', keys: { e1: testKey(5), e2: testKey(6) } };
    expect((await make({ encryptionKeys: both }).current()).kid).toBe(kid);
    expect((await make({ encryptionKeys: { current: 'e2', keys: { e2: testKey(6) } } }).current()).kid).toBe(kid);
  });

  it('rotates when asked, at once or in good order, and drops a stolen key', async () => {
    const { keys, make, clock } = setUp();
    const first = (await keys.current()).kid;
    const next = await keys.rotate();
    expect(await keys.rotate()).toBe(next);
    expect((await keys.current()).kid).toBe(first);
    const now = await keys.rotate({ immediately: true });
    expect((await keys.current()).kid).toBe(now);
    expect(await kidsOf(keys)).toEqual([first, now]);
    let told = 0;
    const other = make();
    await other.current();
    other.onRemoved(() => {
      told += 1;
    });
    await keys.remove(now);
    const { kid } = await keys.current();
    expect(kid).not.toBe(now);
    expect(await kidsOf(keys)).toEqual([first, kid]);
    await other.list();
    expect(told).toBe(1);
    expect(await other.find({ alg: 'EdDSA', kid: now })).toEqual({ outcome: 'unknown' });
    clock.advance(1);
  });

  it('tells of each key that comes and goes, once, in the process that changed the set', async () => {
    const told: [string, unknown][] = [];
    const events = { emit: (type: string, event: unknown) => void told.push([type, event]) };
    const { keys, clock, make } = setUp({ events: events as never });
    const first = (await keys.current()).kid;
    const begun = clock();
    expect(told).toEqual([['signing_key.added', { kid: first, algorithm: 'EdDSA', signsFrom: begun }]]);
    const other = make({ events: undefined as never });
    await other.current();
    const next = await keys.rotate();
    expect(told.slice(1)).toEqual([['signing_key.added', { kid: next, algorithm: 'EdDSA', signsFrom: begun + hour }]]);
    await keys.remove(next);
    expect(told.slice(2)).toEqual([['signing_key.removed', { kid: next }]]);
    await keys.remove('never-there');
    await keys.list();
    expect(told).toHaveLength(3);
    expect(await kidsOf(keys)).toEqual([first]);
    expect((await keys.current()).kid).toBe(first);
  });

  it('tells who listens of keys that are gone, until they stop listening', async () => {
    const { keys } = setUp();
    await keys.current();
    let told = 0;
    const stop = keys.onRemoved(() => told++);
    const next = await keys.rotate();
    expect(told).toBe(0);
    await keys.remove(next);
    expect(told).toBe(1);
    stop();
    await keys.remove(await keys.rotate());
    expect(told).toBe(1);
  });

  it('keeps what waits for its turn when another key is stolen, and states what each key is', async () => {
    const { keys, clock } = setUp();
    const first = (await keys.current()).kid;
    const next = await keys.rotate();
    const states = async () => (await keys.list()).map(({ kid, state }) => [kid, state]);
    expect(await states()).toEqual([
      [first, 'current'],
      [next, 'next'],
    ]);
    await keys.remove(first);
    const fresh = (await keys.current()).kid;
    expect([first, next]).not.toContain(fresh);
    expect(await states()).toEqual([
      [fresh, 'current'],
      [next, 'next'],
    ]);
    clock.advance(hour);
    expect((await keys.current()).kid).toBe(next);
    expect(await states()).toEqual([
      [fresh, 'previous'],
      [next, 'current'],
    ]);
  });

  it('has no secret published, and names an HMAC key without a hash of it', async () => {
    const { make } = setUp();
    const hmac = make({ algorithm: 'HS256', name: 'hmac' });
    expect((await hmac.current()).kid).toMatch(/^[0-9a-f-]{36}$/);
    expect(await hmac.jwks()).toEqual({ keys: [] });
    const own = make({ name: 'own' });
    await own.ready();
    const [jwk] = ((await own.jwks()) as { keys: readonly Record<string, string>[] }).keys;
    expect(Object.keys(jwk ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
    expect(jwk?.['kid']).toMatch(/^[\w-]{43}$/);
  });

  it('finds a key that another process has only just begun to sign with', async () => {
    const { keys, make, clock } = setUp();
    const other = make();
    await other.current();
    clock.advance(2000);
    const now = await keys.rotate({ immediately: true });
    expect(await other.find({ alg: 'EdDSA', kid: now })).toMatchObject({ outcome: 'found' });
    expect(await other.find({ alg: 'ES256', kid: now })).toEqual({ outcome: 'unknown' });
  });

  it('goes on with the keys it holds while the storage is down, and no longer than that is safe', async () => {
    const clock = fakeClock();
    const inner = createMemoryStorage({ clock });
    let down = false;
    const fail =
      <A extends unknown[], R>(work: (...args: A) => R) =>
      (...args: A): R => {
        if (down) throw new StorageUnavailableError();
        return work(...args);
      };
    const storage: Storage = {
      ...inner,
      collection: (definition) => {
        const collection = inner.collection(definition);
        return {
          ...collection,
          get: fail(collection.get),
          update: fail(collection.update),
          create: fail(collection.create),
        };
      },
    };
    const keys = createSigningKeys({ storage, encryptionKeys, clock });
    const { kid } = await keys.current();
    down = true;
    clock.advance(hour);
    expect((await keys.current()).kid).toBe(kid);
    // The failure is remembered: the next caller does not wait for another.
    expect(keys.current()).not.toBeInstanceOf(Promise);
    await expect(Promise.resolve(keys.jwks())).rejects.toMatchObject({ code: 'storage_unavailable' });
    clock.advance(1);
    await expect(Promise.resolve(keys.current())).rejects.toMatchObject({ code: 'storage_unavailable' });
    down = false;
    expect((await keys.current()).kid).toBe(kid);
  });

  it('answers at once when its keys are loaded', async () => {
    const { keys } = setUp();
    await keys.current();
    expect(keys.current()).not.toBeInstanceOf(Promise);
    expect(keys.jwks()).not.toBeInstanceOf(Promise);
  });

  it.each([
    { publishAheadMs: 1000 },
    { rotateEveryMs: minute, publishAheadMs: 2 * hour },
    { keepPreviousMs: 1 },
    { name: 'a b' },
    { algorithm: 'none' as never },
    { encryptionKeys: { current: 'e1', keys: { e1: testKey(1).slice(1) } } },
  ])('refuses %o', (bad) => {
    expect(() => setUp(bad)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });

  it('refuses access tokens that outlive the publication of their key', async () => {
    const { keys } = setUp({ keepPreviousMs: 10 * minute });
    expect(() => harness({ keys })).toThrow('accessLifetimeMs');
    await expect(
      harness({ keys, accessLifetimeMs: 5 * minute, clock: Date.now, storage: createMemoryStorage() }).tokens.issue(
        login,
      ),
    ).resolves.toBeDefined();
  });
});
