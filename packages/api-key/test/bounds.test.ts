import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { apiKeyErrors, type NewApiKey } from '../src/index.js';
import { type Options, setup } from './support.js';

const day = 86_400_000;
const year = 365 * day;
const coded = (code: string): unknown => expect.objectContaining({ code });
const create = (input: object, options: Options = {}) =>
  setup(options).keys.create({ owner: 'ada', ...input } as NewApiKey<'live'>);

describe('createApiKeys: the last value that is taken, and the first that is not', () => {
  it.each<[string, object, object]>([
    ['a name of 100 characters', { name: 'x'.repeat(100) }, { name: 'x'.repeat(101) }],
    ['an owner of 255', { owner: 'x'.repeat(255) }, { owner: 'x'.repeat(256) }],
    ['a tenant of 255', { tenant: 'x'.repeat(255) }, { tenant: 'x'.repeat(256) }],
    [
      '100 scopes',
      { scopes: Array.from({ length: 100 }, () => 'a') },
      { scopes: Array.from({ length: 101 }, () => 'a') },
    ],
    ['a scope of 128 characters', { scopes: ['s'.repeat(128)] }, { scopes: ['s'.repeat(129)] }],
    ['a scope at the ends of its alphabet', { scopes: ['!#[]~'] }, { scopes: ['\u007f'] }],
    [
      '100 addresses',
      { allowedAddresses: Array.from({ length: 100 }, () => '::1') },
      { allowedAddresses: Array.from({ length: 101 }, () => '::1') },
    ],
    ['one unit', { quota: { limit: 1 } }, { quota: { limit: 0 } }],
    ['as many units as a header field can say', { quota: { limit: 999_999_999_999_999 } }, { quota: { limit: 1e15 } }],
    [
      'a rate below 2^53',
      { rateLimit: { limit: 1, windowMs: 999_999_999_999_999 } },
      { rateLimit: { limit: 10, windowMs: 999_999_999_999_999 } },
    ],
    [
      'a burst below 2^53',
      { rateLimit: { limit: 1, windowMs: 1, burst: 999_999_999_999_999 } },
      { rateLimit: { limit: 1, windowMs: 10, burst: 999_999_999_999_999 } },
    ],
    [
      'a refill of the whole',
      { quota: { limit: 2, refill: { amount: 2, everyMs: 1 } } },
      { quota: { limit: 2, refill: { amount: 3, everyMs: 1 } } },
    ],
    [
      'a refill below 2^53',
      { quota: { limit: 9, refill: { amount: 1, everyMs: 999_999_999_999_999 } } },
      { quota: { limit: 10, refill: { amount: 1, everyMs: 999_999_999_999_999 } } },
    ],
    ['metadata of 4,096 characters', { metadata: { a: 'x'.repeat(4088) } }, { metadata: { a: 'x'.repeat(4089) } }],
    ['text that storages keep', { name: '\u{1f511}' }, { name: '\ud83d' }],
    ['text without NUL', { name: '0' }, { name: 'a\0b' }],
    ['metadata that is an object', { metadata: {} }, { metadata: 'team' }],
  ])('%s', async (_, last, first) => {
    await expect(create(last)).resolves.toHaveProperty('key');
    await expect(create(first)).rejects.toThrow(coded('invalid_key_input'));
  });

  it('an expiry in a millisecond, and not now', async () => {
    const { keys, clock } = setup();
    await expect(keys.create({ owner: 'ada', expiresAt: clock() + 1 })).resolves.toHaveProperty('key');
    await expect(keys.create({ owner: 'ada', expiresAt: clock() })).rejects.toThrow(/^expiresAt: /);
  });

  it.each<[string, Options, Options]>([
    ['a flush each millisecond', { lastUsed: { flushMs: 1 } }, { lastUsed: { flushMs: 0 } }],
    ['a flush each day', { lastUsed: { flushMs: day } }, { lastUsed: { flushMs: day + 1 } }],
    ['no retention', { retentionMs: 0 }, { retentionMs: -1 }],
    ['retention for ever', { retentionMs: Infinity }, { retentionMs: -Infinity }],
    ['whole milliseconds of retention', { retentionMs: 1 }, { retentionMs: 0.5 }],
  ])('%s', (_, last, first) => {
    expect(() => setup(last)).not.toThrow();
    expect(() => setup(first)).toThrow(coded('invalid_option'));
  });

  it('a grace of none to 90 days, and a reason of 200 characters', async () => {
    const { keys } = setup();
    const { record } = await keys.create({ owner: 'ada' });
    for (const graceMs of [0, 90 * day]) await keys.rotate(record.id, { graceMs });
    await expect(keys.rotate(record.id, { graceMs: 90 * day + 1 })).rejects.toThrow(/^graceMs: /);
    await expect(keys.revoke(record.id, { reason: 'x'.repeat(201) })).rejects.toThrow(/^reason: /);
    await keys.revoke(record.id, { reason: 'x'.repeat(200) });
  });

  it('an imported key of 512 characters, made between 1970 and now', async () => {
    const { keys, clock } = setup({ parseImported: (text) => text });
    const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
    const text = 'x'.repeat(512);
    await keys.import({ hash: hashOf(text), owner: 'ada', createdAt: 0 });
    expect(keys.verify(text)).toMatchObject({ outcome: 'verified', key: { createdAt: 0 } });
    await keys.import({ hash: hashOf('y'), owner: 'ada', createdAt: clock() });
    await expect(keys.import({ hash: hashOf('z'), owner: 'ada', createdAt: -1 })).rejects.toThrow(/^createdAt: /);
    await expect(keys.import({ hash: hashOf('z'), owner: 'ada', createdAt: 0.5 })).rejects.toThrow(/^createdAt: /);
  });

  it('a record that outlives its key by the retention, a year by default', async () => {
    const { keys, clock } = setup();
    const { record } = await keys.create({ owner: 'ada', expiresAt: clock() + day });
    const far = await keys.create({ owner: 'ada', expiresAt: Number.MAX_SAFE_INTEGER });
    clock.advance(day + year - 1);
    expect(await keys.get(record.id)).toBeDefined();
    clock.advance(1);
    expect(await keys.get(record.id)).toBeUndefined();
    expect(keys.verify(far.key.reveal())).toMatchObject({ outcome: 'verified' });
  });
});

describe('createApiKeys: answers that depend on two times', () => {
  it('says of an old key that it ends with its grace, or sooner with the key', async () => {
    const { keys, clock } = setup();
    const { key, record } = await keys.create({ owner: 'ada', expiresAt: clock() + 10 * day });
    const next = await keys.rotate(record.id, { graceMs: day });
    expect(keys.verify(key.reveal())).toMatchObject({ expiresAt: clock() + day });
    expect(keys.verify(next.key.reveal())).toMatchObject({ expiresAt: clock() + 10 * day });
    await keys.update(record.id, { expiresAt: clock() + 5 });
    expect(keys.verify(key.reveal())).toMatchObject({ expiresAt: clock() + 5 });
  });

  it('dates the credential from the last rotation', async () => {
    const { keys, clock, events } = setup();
    const { record } = await keys.create({ owner: 'ada' });
    clock.advance(day);
    const { key } = await keys.rotate(record.id, { graceMs: 0 });
    expect(events.at(-1)).toMatchObject({ type: 'api_key.rotated', keyId: record.id, graceExpiresAt: clock() });
    const field = (name: string) => (name === 'x-api-key' ? [key.reveal()] : []);
    const result = await keys.authenticator().authenticate({
      method: 'GET',
      url: '/',
      ip: undefined,
      header: (name) => field(name)[0],
      headerValues: field,
    });
    expect(result).toMatchObject({ credential: { issuedAt: clock() } });
  });
});

describe('createApiKeys: events', () => {
  it('say which key of whom was made, changed, found and ended', async () => {
    const { keys, events, clock } = setup();
    const { key, record } = await keys.create({ owner: 'ada', tenant: 't', expiresAt: clock() + day });
    const facts = { keyId: record.id, owner: 'ada', tenant: 't', environment: 'live' };
    const next = await keys.rotate(record.id, { graceMs: day });
    await keys.update(record.id, { name: 'CI', scopes: ['a'] });
    await keys.update(record.id, {});
    const report = { url: 'https://example.org/paste', source: 'github' };
    await keys.revokeLeaked(key.reveal(), report);
    await keys.revokeLeaked(next.key.reveal());
    await keys.revokeLeaked(next.key.reveal());
    await keys.revoke(record.id, { reason: 'again' });
    expect(events.map(({ at: _, time: __, ...event }) => event)).toEqual([
      { type: 'api_key.created', ...facts, imported: false, expiresAt: clock() + day },
      { type: 'api_key.rotated', ...facts, graceExpiresAt: clock() + day },
      { type: 'api_key.updated', ...facts, changed: ['name', 'scopes'] },
      { type: 'api_key.leaked', ...facts, ended: 'grace', ...report },
      { type: 'api_key.leaked', ...facts, ended: 'key' },
      { type: 'api_key.revoked', ...facts, reason: 'leaked' },
      { type: 'api_key.leaked', ...facts },
    ]);
  });

  it('name the policies that were violated, and no others', async () => {
    const { keys, events } = setup();
    const { key } = await keys.create({ owner: 'ada', rateLimit: { limit: 5, windowMs: 1000 }, quota: { limit: 1 } });
    await keys.verify(key.reveal());
    expect(await keys.verify(key.reveal(), { ip: '192.0.2.1' })).toMatchObject({ outcome: 'limited' });
    expect(events.at(-1)).toMatchObject({
      type: 'api_key.limited',
      policies: ['quota'],
      ip: '192.0.2.1',
      owner: 'ada',
    });
  });

  it('tell of one that was found in public although it is none of ours by nothing', async () => {
    const { keys, events } = setup();
    const stranger = await setup().keys.create({ owner: 'ada' });
    expect(await keys.revokeLeaked(stranger.key.reveal())).toBeUndefined();
    expect(await keys.revokeLeaked('junk')).toBeUndefined();
    expect(events).toEqual([]);
  });
});

describe('createApiKeys: what a change of several settings does', () => {
  it('closes streams where one of them takes rights away', async () => {
    const { keys } = setup();
    const { key, record } = await keys.create({ owner: 'ada', scopes: ['a', 'b'] });
    const field = (name: string) => (name === 'x-api-key' ? [key.reveal()] : []);
    const result = await keys.authenticator().authenticate({
      method: 'GET',
      url: '/',
      ip: undefined,
      header: (name) => field(name)[0],
      headerValues: field,
    });
    let closed = 0;
    if (result.outcome === 'authenticated') result.onRevoked?.(() => closed++);
    await keys.update(record.id, { name: 'CI', metadata: {} });
    expect(closed).toBe(0);
    await keys.update(record.id, { name: 'CI', scopes: ['a'] });
    expect(closed).toBe(1);
  });
});

describe('createApiKeys: leaks and guesses', () => {
  it('ends an imported key that was found in public', async () => {
    const text = 'old_00112233445566778899aabbccddeeff';
    const { keys } = setup({ parseImported: (found) => (found.startsWith('old_') ? found : undefined) });
    await keys.import({ hash: createHash('sha256').update(text).digest('hex'), owner: 'ada' });
    expect(await keys.revokeLeaked(text)).toMatchObject({ imported: true, revokedReason: 'leaked' });
    expect(keys.verify(text)).toMatchObject({ outcome: 'rejected' });
  });

  it('says in the event which key was claimed by a text that is not it', async () => {
    const { keys, events } = setup();
    const stranger = await setup().keys.create({ owner: 'ada' });
    await keys.verify(stranger.key.reveal(), { ip: '192.0.2.1' });
    expect(events).toMatchObject([{ reason: 'unknown', keyId: stranger.record.id, ip: '192.0.2.1' }]);
  });

  it('takes the longest prefixes for single addresses', async () => {
    const { keys } = setup();
    const { key } = await keys.create({ owner: 'ada', allowedAddresses: ['192.0.2.1/32', '2001:db8::1/128'] });
    for (const ip of ['192.0.2.1', '2001:db8::1'])
      expect(keys.verify(key.reveal(), { ip })).toMatchObject({ outcome: 'verified' });
    for (const ip of ['192.0.2.0', '2001:db8::'])
      expect(keys.verify(key.reveal(), { ip })).toMatchObject({ outcome: 'rejected' });
    await expect(create({ allowedAddresses: ['192.0.2.1/33'] })).rejects.toThrow(coded('invalid_key_input'));
    await expect(create({ allowedAddresses: ['2001:db8::1/129'] })).rejects.toThrow(coded('invalid_key_input'));
  });
});

describe('apiKeyErrors', () => {
  it('answers each mistake with its status, and says whether the same again may do', () => {
    expect(Object.entries(apiKeyErrors).map(([code, { status, retryable }]) => [code, status, retryable])).toEqual([
      ['invalid_key_input', 400, false],
      ['key_not_found', 404, false],
      ['key_revoked', 409, false],
      ['key_imported', 409, false],
      ['key_exists', 409, false],
      ['rotation_conflict', 409, true],
      ['owner_revoked', 409, true],
    ]);
  });
});
