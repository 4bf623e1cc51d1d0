import { inspect } from 'node:util';
import {
  CoreError,
  createMemoryStorage,
  isPromise,
  type ResponseSink,
  Secret,
  sha256,
  StorageUnavailableError,
} from '@portcullis/core';
import type * as Core from '@portcullis/core';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { describe, expect, it, vi } from 'vitest';
import { ApiKeyError, apiKeyCollection, apiKeyErrors, createKeyFormat, type NewApiKey } from '../src/index.js';
import { asyncStorage, type Options, setup } from './support.js';

// What every path of `verify` computes is counted, because wall-clock time proves nothing on a busy machine.
const work = vi.hoisted(() => ({ hashes: 0, compares: 0 }));
vi.mock('@portcullis/core', async (original) => {
  const core = await original<typeof Core>();
  return {
    ...core,
    sha256: (data: string | Uint8Array) => ((work.hashes += 1), core.sha256(data)),
    timingSafeEqual: (a: string, b: string) => ((work.compares += 1), core.timingSafeEqual(a, b)),
  };
});

const minute = 60_000;
const coded = (code: string): unknown => expect.objectContaining({ code });

describe('createApiKeys', () => {
  it.each<[string, unknown]>([
    ['accept', { accept: [] }],
    ['accept', { accept: ['prod'] }],
    ['defaultScopes', { defaultScopes: undefined }],
    ['defaultScopes', { defaultScopes: 'all' }],
    ['retentionMs', { retentionMs: -1 }],
    ['lastUsed.flushMs', { lastUsed: { flushMs: 0 } }],
    ['brand', { brand: 'a_b' }],
    ['environments', { environments: ['a b'] }],
  ])('refuses a wrong option at creation: %s', (option, options) => {
    expect(() => setup(options as Options)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(`${option}:`) as string }),
    );
  });

  it('has a status and a summary for every code', () => {
    for (const [code, entry] of Object.entries(apiKeyErrors)) {
      const error = new ApiKeyError(code as keyof typeof apiKeyErrors);
      expect(error).toMatchObject({ code, status: entry.status, message: entry.summary, name: 'ApiKeyError' });
    }
  });
});

describe('create', () => {
  it('gives a key that verifies, with its settings', async () => {
    const { keys, clock } = setup();
    const issued = await keys.create({
      owner: 'ada',
      tenant: 'acme',
      name: 'CI',
      scopes: ['posts:read'],
      expiresAt: clock() + minute,
      metadata: { team: ['core'] },
    });
    expect(keys.verify(issued.key.reveal())).toEqual({
      outcome: 'verified',
      key: {
        id: issued.record.id,
        environment: 'live',
        owner: 'ada',
        tenant: 'acme',
        name: 'CI',
        createdAt: clock(),
        rotatedAt: undefined,
        metadata: { team: ['core'] },
      },
      scopes: ['posts:read'],
      expiresAt: clock() + minute,
      headers: [],
    });
    expect(issued.key.reveal()).toContain(issued.record.id);
  });

  it(`stores the SHA-256 of the key and nothing of its secret ${requirement('K2')}`, async () => {
    const { keys, storage } = setup();
    const { key, record } = await keys.create({ owner: 'ada' });
    const stored = await storage.collection(apiKeyCollection).get(record.id);
    expect(stored?.record.hash).toBe(sha256(key.reveal()));
    expect(JSON.stringify(stored)).not.toContain(key.reveal().slice(-34));
  });

  it(`shows the plaintext once, and never in logs, events or later answers ${requirement('K10', 'C26')}`, async () => {
    const { keys, events } = setup();
    const { key, record } = await keys.create({ owner: 'ada', name: 'a\r\nb' });
    expect(key).toBeInstanceOf(Secret);
    const plaintext = key.reveal();
    const secret = plaintext.slice(-34);
    await keys.rotate(record.id, { graceMs: minute });
    await keys.verify(plaintext);
    await keys.verify(`${plaintext.slice(0, -1)}_`);
    await keys.update(record.id, { name: 'other' });
    await keys.revoke(record.id, { reason: 'left\r\nuser=root' });
    await keys.verify(plaintext);
    const seen = [events, await keys.get(record.id), await keys.list({ owner: 'ada' }), { key, record }];
    for (const text of [JSON.stringify(seen), inspect(seen, { depth: 9 }), String(key)]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(sha256(plaintext));
    }
    expect(events.map(({ type }) => type)).toEqual([
      'api_key.created',
      'api_key.rotated',
      'api_key.old_key_seen',
      'api_key.verified',
      'api_key.rejected',
      'api_key.updated',
      'api_key.revoked',
      'api_key.rejected',
    ]);
    expect(JSON.stringify(events)).not.toMatch(/\\r|\\n/);
  });

  it(`marks the response that carries a key as not to be stored ${requirement('C20')}`, async () => {
    const { keys } = setup();
    const append = vi.fn<ResponseSink['append']>();
    const { record } = await keys.create({ owner: 'ada' }, { response: { append } });
    await keys.rotate(record.id, { graceMs: 0, response: { append } });
    expect(append.mock.calls).toEqual([
      ['cache-control', 'no-store'],
      ['cache-control', 'no-store'],
    ]);
  });

  it.each<[string, Partial<Record<keyof NewApiKey, unknown>>]>([
    ['owner', { owner: '' }],
    ['owner', { owner: undefined }],
    ['tenant', { tenant: '' }],
    ['environment', { environment: 'prod' }],
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(101) }],
    ['scopes', { scopes: 'posts:read' }],
    ['scopes', { scopes: ['a b'] }],
    ['scopes', { scopes: ['a"b'] }],
    ['expiresAt', { expiresAt: 1 }],
    ['expiresAt', { expiresAt: Number.NaN }],
    ['allowedAddresses', { allowedAddresses: [] }],
    ['allowedAddresses[1]', { allowedAddresses: ['::1', '10.0.0.1/8'] }],
    ['rateLimit.limit', { rateLimit: { limit: 0, windowMs: 1 } }],
    ['rateLimit.windowMs', { rateLimit: { limit: 1, windowMs: 0.5 } }],
    ['rateLimit.burst', { rateLimit: { limit: 1, windowMs: 1, burst: -1 } }],
    ['rateLimit', { rateLimit: { limit: 2 ** 40, windowMs: 2 ** 40 } }],
    ['quota.limit', { quota: { limit: -1 } }],
    ['quota.refill.amount', { quota: { limit: 1, refill: { amount: 2, everyMs: 1 } } }],
    ['quota.refill.everyMs', { quota: { limit: 1, refill: { amount: 1, everyMs: 0 } } }],
    ['quota.buffered', { quota: { limit: 1, buffered: 'yes' } }],
    ['metadata', { metadata: { big: 'x'.repeat(4096) } }],
  ])('refuses a wrong %s, and says which', async (property, input) => {
    const { keys } = setup();
    await expect(keys.create({ owner: 'ada', ...input } as NewApiKey<'live'>)).rejects.toThrow(
      expect.objectContaining({
        code: 'invalid_key_input',
        status: 400,
        message: expect.stringContaining(`${property}:`) as string,
      }),
    );
  });

  it('takes another id when one lives already, and gives up on a generator that repeats itself', async () => {
    const { keys } = setup({ random: (count) => new Uint8Array(count).fill(7) });
    await keys.create({ owner: 'ada' });
    await expect(keys.create({ owner: 'ada' })).rejects.toThrow(coded('invalid_option'));
  });
});

describe('verify', () => {
  it('answers at once on a synchronous storage, and with a promise on another', async () => {
    const { keys } = setup();
    expect(isPromise(keys.verify((await keys.create({ owner: 'ada' })).key.reveal()))).toBe(false);
    const slow = setup({ storage: asyncStorage(createMemoryStorage({ clock: fakeClock() })).storage });
    const { key } = await slow.keys.create({ owner: 'ada' });
    const answer = slow.keys.verify(key.reveal());
    expect(isPromise(answer)).toBe(true);
    expect((await answer).outcome).toBe('verified');
  });

  it('refuses a typo without asking the storage', async () => {
    const { storage, calls } = asyncStorage(createMemoryStorage({ clock: fakeClock() }));
    const { keys } = setup({ storage });
    const plaintext = (await keys.create({ owner: 'ada' })).key.reveal();
    calls.length = 0;
    for (let at = 0; at < plaintext.length; at++) {
      const typo = plaintext.slice(0, at) + (plaintext[at] === 'x' ? 'y' : 'x') + plaintext.slice(at + 1);
      expect(await keys.verify(typo)).toMatchObject({ outcome: 'rejected' });
    }
    expect(calls).toEqual([]);
    await keys.verify(plaintext);
    expect(calls).toEqual(['api_keys.get']);
  });

  it(`answers alike, with the same work, whatever is wrong with a key ${requirement('K8', 'K3', 'C22')}`, async () => {
    const { keys, clock, events } = setup();
    const other = setup();
    const make = async (input: Partial<NewApiKey<'live' | 'test'>> = {}): Promise<readonly [string, string]> => {
      const { key, record } = await keys.create({ owner: 'ada', ...input });
      return [key.reveal(), record.id];
    };
    const [good, goodId] = await make();
    const [revoked, revokedId] = await make();
    await keys.revoke(revokedId, { reason: 'test' });
    const [expired] = await make({ expiresAt: clock() + 1 });
    const [rotated, rotatedId] = await make();
    await keys.rotate(rotatedId, { graceMs: 1 });
    clock.advance(1);
    const [elsewhere] = await make({ allowedAddresses: ['10.0.0.0/8'] });
    const [test] = await make({ environment: 'test' });
    const unknown = (await other.keys.create({ owner: 'ada' })).key.reveal();
    // The id of a good key under another secret.
    const forged = createKeyFormat({ brand: 'acme' }).mint('live', goodId);
    const cases = {
      revoked,
      expired,
      rotated,
      elsewhere,
      test,
      unknown,
      forged,
      typo: `${good.slice(0, -1)}_`,
      empty: '',
      long: 'x'.repeat(10_000),
      number: 7 as unknown as string,
    };
    events.length = 0;
    const answers = Object.entries(cases).map(([name, text]) => {
      work.hashes = work.compares = 0;
      const answer = keys.verify(text, { ip: '192.0.2.1' });
      expect({ name, ...work }).toEqual({ name, hashes: 1, compares: 2 });
      return answer;
    });
    for (const answer of answers) expect(answer).toBe(answers[0]);
    expect(answers[0]).toEqual({
      outcome: 'rejected',
      denial: {
        code: 'invalid_token',
        status: 401,
        detail: 'The API key is not valid.',
        challenge: { error: 'invalid_token' },
      },
    });
    expect(events.map(({ reason }) => reason)).toEqual([
      'revoked',
      'expired',
      'grace_expired',
      'address_not_allowed',
      'wrong_environment',
      'unknown',
      'unknown',
      'malformed',
      'malformed',
      'malformed',
      'malformed',
    ]);
  });

  it(`reports successes and failures with the UTC time ${requirement('C24')}`, async () => {
    const { keys, events, clock } = setup();
    const { key, record } = await keys.create({ owner: 'ada', tenant: 't' });
    events.length = 0;
    await keys.verify(key.reveal(), { ip: '192.0.2.1' });
    await keys.verify('junk', { ip: '192.0.2.1' });
    const stamp = { at: clock(), time: '2026-01-01T00:00:00.000Z', ip: '192.0.2.1' };
    expect(events).toEqual([
      { type: 'api_key.verified', ...stamp, keyId: record.id, owner: 'ada', tenant: 't', environment: 'live' },
      { type: 'api_key.rejected', ...stamp, reason: 'malformed' },
    ]);
  });

  it(`ends a key with its revocation, and at the millisecond of its expiry ${requirement('K5')}`, async () => {
    const { keys, clock } = setup();
    const revoked = await keys.create({ owner: 'ada' });
    const expiring = await keys.create({ owner: 'ada', expiresAt: clock() + minute });
    expect(keys.verify(revoked.key.reveal())).toMatchObject({ outcome: 'verified' });
    await keys.revoke(revoked.record.id, { reason: 'test' });
    expect(keys.verify(revoked.key.reveal())).toMatchObject({ outcome: 'rejected' });
    clock.advance(minute - 1);
    expect(keys.verify(expiring.key.reveal())).toMatchObject({ outcome: 'verified' });
    clock.advance(1);
    expect(keys.verify(expiring.key.reveal())).toMatchObject({ outcome: 'rejected' });
  });

  it('refuses the keys of an environment that is not accepted, without asking the storage', async () => {
    const { storage, calls } = asyncStorage(createMemoryStorage({ clock: fakeClock() }));
    const live = setup({ storage });
    const test = setup({ storage, accept: ['test'] });
    const { key, record } = await test.keys.create({ owner: 'ada' });
    expect(record.environment).toBe('test');
    calls.length = 0;
    expect(await live.keys.verify(key.reveal())).toMatchObject({ outcome: 'rejected' });
    expect(calls).toEqual([]);
    expect(await test.keys.verify(key.reveal())).toMatchObject({ outcome: 'verified' });
    expect(await setup({ storage, accept: ['live', 'test'] }).keys.verify(key.reveal())).toMatchObject({
      outcome: 'verified',
    });
  });

  it('knows a key without scopes by the ceiling that the configuration states', async () => {
    const storage = createMemoryStorage({ clock: fakeClock() });
    const { key } = await setup({ storage }).keys.create({ owner: 'ada' });
    const own = await setup({ storage }).keys.create({ owner: 'ada', scopes: [] });
    const scopesOf = (defaultScopes: readonly string[] | 'unlimited', text: string): unknown =>
      setup({ storage, defaultScopes }).keys.verify(text);
    expect(scopesOf([], key.reveal())).toMatchObject({ scopes: [] });
    expect(scopesOf(['a'], key.reveal())).toMatchObject({ scopes: ['a'] });
    expect(scopesOf('unlimited', key.reveal())).toMatchObject({ outcome: 'verified', scopes: undefined });
    expect(scopesOf('unlimited', own.key.reveal())).toMatchObject({ scopes: [] });
  });

  it('lets a key in from its addresses only, IPv4 behind a dual-stack socket included', async () => {
    const { keys } = setup();
    const text = (
      await keys.create({ owner: 'ada', allowedAddresses: ['192.0.2.0/24', '2001:db8::/32'] })
    ).key.reveal();
    for (const ip of ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8::1'])
      expect(keys.verify(text, { ip })).toMatchObject({ outcome: 'verified' });
    for (const ip of ['192.0.3.7', '::ffff:192.0.3.7', '2001:db9::1', 'unknown', undefined]) {
      expect(keys.verify(text, { ip })).toMatchObject({ outcome: 'rejected' });
    }
  });

  it('throws when the storage is down: never a pass, never "not valid"', async () => {
    const inner = createMemoryStorage({ clock: fakeClock() });
    const down = new StorageUnavailableError();
    let broken = false;
    const storage: typeof inner = {
      ...inner,
      collection: (definition) => {
        const collection = inner.collection(definition);
        return {
          ...collection,
          get: (id, call) => {
            if (broken) throw down;
            return collection.get(id, call);
          },
        };
      },
    };
    const { keys } = setup({ storage });
    const { key } = await keys.create({ owner: 'ada' });
    broken = true;
    expect(() => keys.verify(key.reveal())).toThrow(down);
  });
});

describe('list, get and update', () => {
  it('lists an owner page by page, newest first, tombstones among them', async () => {
    const { keys, clock } = setup();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      ids.unshift((await keys.create({ owner: 'ada', tenant: 't', name: `key ${i}` })).record.id);
      clock.advance(1);
    }
    await keys.create({ owner: 'grace', tenant: 't' });
    await keys.revoke(ids[1]!, { reason: 'lost' });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await keys.list({ owner: 'ada', limit: 2, cursor });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(ids);
    expect((await keys.list({ tenant: 't' })).items).toHaveLength(6);
    expect(await keys.get(ids[1]!)).toMatchObject({ revokedAt: clock(), revokedReason: 'lost' });
    expect(await keys.get('nobody')).toBeUndefined();
    await expect(keys.list({} as { owner: string })).rejects.toThrow(CoreError);
    await expect(keys.list({ owner: 'ada', cursor: 'x' })).rejects.toThrow(coded('invalid_cursor'));
  });

  it('changes what is given, keeps the rest, and takes away what is null', async () => {
    const { keys, clock } = setup();
    const { record, key } = await keys.create({
      owner: 'ada',
      name: 'a',
      scopes: ['x'],
      expiresAt: clock() + minute,
      allowedAddresses: ['::1'],
    });
    const changed = await keys.update(record.id, { name: 'b', expiresAt: null, allowedAddresses: null, owner: 'ada' });
    expect(changed).toMatchObject({
      name: 'b',
      scopes: ['x'],
      owner: 'ada',
      expiresAt: undefined,
      allowedAddresses: undefined,
    });
    clock.advance(2 * minute);
    expect(keys.verify(key.reveal())).toMatchObject({ outcome: 'verified', scopes: ['x'] });
    await keys.update(record.id, { expiresAt: clock() + 1 });
    clock.advance(1);
    expect(keys.verify(key.reveal())).toMatchObject({ outcome: 'rejected' });
    await expect(keys.update(record.id, { scopes: ['a b'] })).rejects.toThrow(coded('invalid_key_input'));
    await expect(keys.update(record.id, { tenant: 'other' } as never)).rejects.toThrow(coded('invalid_key_input'));
    await expect(keys.update(record.id, { name: 'c', owner: 'grace' })).rejects.toThrow(coded('key_not_found'));
  });
});

describe('revoke', () => {
  it('keeps a tombstone with the first reason, for as long as retentionMs says', async () => {
    const { keys, clock } = setup({ retentionMs: minute });
    const { record } = await keys.create({ owner: 'ada' });
    const at = clock();
    expect(await keys.revoke(record.id, { reason: 'lost', owner: 'ada' })).toMatchObject({
      revokedAt: at,
      revokedReason: 'lost',
    });
    clock.advance(1);
    expect(await keys.revoke(record.id, { reason: 'again' })).toMatchObject({ revokedAt: at, revokedReason: 'lost' });
    await expect(keys.rotate(record.id, { graceMs: 0 })).rejects.toThrow(coded('key_revoked'));
    await expect(keys.update(record.id, { name: 'x' })).rejects.toThrow(coded('key_revoked'));
    clock.advance(minute - 1);
    expect(await keys.get(record.id)).toBeUndefined();
  });

  it('keeps it for ever when asked', async () => {
    const { keys, clock } = setup({ retentionMs: Infinity });
    const { record } = await keys.create({ owner: 'ada', expiresAt: clock() + 1 });
    await keys.revoke(record.id, { reason: 'lost' });
    clock.advance(1e12);
    expect(await keys.get(record.id)).toMatchObject({ revokedReason: 'lost' });
  });

  it("finds no key of anybody else's", async () => {
    const { keys } = setup();
    const { record, key } = await keys.create({ owner: 'ada' });
    await expect(keys.revoke(record.id, { reason: 'x', owner: 'grace' })).rejects.toThrow(coded('key_not_found'));
    await expect(keys.rotate(record.id, { graceMs: 0, owner: 'grace' })).rejects.toThrow(coded('key_not_found'));
    await expect(keys.revoke('AAAAAAAAAAAA', { reason: 'x' })).rejects.toThrow(coded('key_not_found'));
    await expect(keys.revoke(record.id, { reason: '' })).rejects.toThrow(coded('invalid_key_input'));
    expect(keys.verify(key.reveal())).toMatchObject({ outcome: 'verified' });
  });

  it(`reaches every key of an owner, past the first page ${requirement('D6')}`, async () => {
    const { keys, events } = setup();
    const texts: string[] = [];
    for (let i = 0; i < 205; i++) texts.push((await keys.create({ owner: 'ada' })).key.reveal());
    const spared = await keys.create({ owner: 'ada' });
    const other = await keys.create({ owner: 'grace' });
    expect(await keys.revokeAll('ada', { reason: 'left', except: spared.record.id })).toBe(205);
    for (const text of texts) expect(keys.verify(text)).toMatchObject({ outcome: 'rejected' });
    expect(keys.verify(spared.key.reveal())).toMatchObject({ outcome: 'verified' });
    expect(keys.verify(other.key.reveal())).toMatchObject({ outcome: 'verified' });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'api_key.owner_revoked', owner: 'ada', keys: 205, reason: 'left' }),
    );
    expect(await keys.revokeAll('ada', { reason: 'again', except: spared.record.id })).toBe(0);
  });

  it('leaves no key behind of creations that race the revocation of all', async () => {
    const { storage } = asyncStorage(createMemoryStorage({ clock: fakeClock() }));
    const { keys } = setup({ storage });
    // Every interleaving of one creation with one revocation: the revocation begins after each of the creation's turns.
    let undone = 0;
    for (let turns = 0; turns < 12; turns++) {
      const owner = `owner-${turns}`;
      const creating = keys.create({ owner }).then(
        (issued) => issued.key.reveal(),
        (error: unknown) => error,
      );
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await keys.revokeAll(owner, { reason: 'disabled' });
      const made = await creating;
      if (typeof made !== 'string') {
        undone += 1;
        expect(made).toEqual(coded('owner_revoked'));
      } else expect(await keys.verify(made)).toMatchObject({ outcome: 'rejected' });
      // And a creation afterwards is nobody's race.
      expect(await keys.verify((await keys.create({ owner })).key.reveal())).toMatchObject({ outcome: 'verified' });
    }
    expect(undone).toBeGreaterThan(0);
  });
});

describe('rotate', () => {
  it('keeps the public id, and accepts the key before it until the grace is over, with an event', async () => {
    const { keys, clock, events } = setup();
    const first = await keys.create({ owner: 'ada', scopes: ['x'] });
    const second = await keys.rotate(first.record.id, { graceMs: minute });
    expect(second.record).toMatchObject({
      id: first.record.id,
      rotatedAt: clock(),
      graceExpiresAt: clock() + minute,
      scopes: ['x'],
    });
    expect(keys.verify(second.key.reveal())).toMatchObject({ outcome: 'verified', expiresAt: undefined });
    clock.advance(minute - 1);
    events.length = 0;
    expect(keys.verify(first.key.reveal())).toMatchObject({ outcome: 'verified', expiresAt: clock() + 1 });
    expect(events[0]).toMatchObject({
      type: 'api_key.old_key_seen',
      keyId: first.record.id,
      graceExpiresAt: clock() + 1,
    });
    clock.advance(1);
    expect(keys.verify(first.key.reveal())).toMatchObject({ outcome: 'rejected' });
    expect(keys.verify(second.key.reveal())).toMatchObject({ outcome: 'verified' });
  });

  it('holds at most two live keys, and only one without a grace', async () => {
    const { keys } = setup();
    const { key: a, record } = await keys.create({ owner: 'ada' });
    const { key: b } = await keys.rotate(record.id, { graceMs: minute });
    const { key: c } = await keys.rotate(record.id, { graceMs: minute });
    const outcomes = (...texts: Secret[]): unknown[] =>
      texts.map((text) => (keys.verify(text.reveal()) as { outcome: string }).outcome);
    expect(outcomes(a, b, c)).toEqual(['rejected', 'verified', 'verified']);
    const { key: d } = await keys.rotate(record.id, { graceMs: 0 });
    expect(outcomes(a, b, c, d)).toEqual(['rejected', 'rejected', 'rejected', 'verified']);
  });

  it('lets one of several rotations at once win, and keeps the grace of the key they began with', async () => {
    const { storage } = asyncStorage(createMemoryStorage({ clock: fakeClock() }));
    const { keys } = setup({ storage });
    const { key, record } = await keys.create({ owner: 'ada' });
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => keys.rotate(record.id, { graceMs: minute })),
    );
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.key.reveal()] : []));
    expect(won).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toEqual(coded('rotation_conflict'));
    expect(await keys.verify(won[0]!)).toMatchObject({ outcome: 'verified' });
    expect(await keys.verify(key.reveal())).toMatchObject({ outcome: 'verified' });
  });

  it('gives the old key no longer life than it had', async () => {
    const { keys, clock } = setup();
    const { key, record } = await keys.create({ owner: 'ada', expiresAt: clock() + 10 });
    const next = await keys.rotate(record.id, { graceMs: minute, expiresAt: clock() + 2 * minute });
    clock.advance(10);
    expect(keys.verify(key.reveal())).toMatchObject({ outcome: 'rejected' });
    expect(keys.verify(next.key.reveal())).toMatchObject({ outcome: 'verified', expiresAt: clock() - 10 + 2 * minute });
    clock.advance(2 * minute);
    await expect(keys.rotate(record.id, { graceMs: 0 })).rejects.toThrow(coded('invalid_key_input'));
  });

  it('revokes both keys with one revocation, grace or not', async () => {
    const { keys } = setup();
    const { key, record } = await keys.create({ owner: 'ada' });
    const next = await keys.rotate(record.id, { graceMs: minute });
    await keys.revoke(record.id, { reason: 'leaked' });
    expect(keys.verify(key.reveal())).toMatchObject({ outcome: 'rejected' });
    expect(keys.verify(next.key.reveal())).toMatchObject({ outcome: 'rejected' });
  });

  it.each([-1, 0.5, Number.NaN, 91 * 86_400_000])('refuses a grace of %s', async (graceMs) => {
    const { keys } = setup();
    const { record } = await keys.create({ owner: 'ada' });
    await expect(keys.rotate(record.id, { graceMs })).rejects.toThrow(coded('invalid_key_input'));
  });
});
