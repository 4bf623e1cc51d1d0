import { requirement, fakeClock } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { type StoredRecord, createMemoryStorage } from '../../src/storage/index.js';

interface Session extends StoredRecord {
  readonly user: string;
  readonly tenant?: string;
}

const definition = { name: 'sessions', indexes: ['user', 'tenant'] as const };
const error = (code: string): Error => expect.objectContaining({ code }) as Error;

function setup(options: { maxRecords?: number; maxCounters?: number } = {}) {
  const clock = fakeClock();
  const storage = createMemoryStorage({ clock, ...options });
  const sessions = storage.collection<Session>(definition);
  const session = (id: string, fields: Partial<Session> = {}): Session => ({
    id,
    user: 'ada',
    createdAt: clock(),
    ...fields,
  });
  return { clock, storage, sessions, session };
}

describe('createMemoryStorage', () => {
  it('refuses limits out of range and a second meaning of a collection', () => {
    for (const options of [{ maxRecords: 0 }, { maxRecords: 1.5 }, { maxCounters: -1 }, { maxCounters: Number.NaN }]) {
      expect(() => createMemoryStorage(options)).toThrow(error('invalid_option'));
    }
    const { storage } = setup();
    expect(() => storage.collection<Session>({ name: 'sessions', indexes: ['user'] })).toThrow(error('invalid_option'));
  });

  it(`gives a one-time record to one of many callers ${requirement('D1')}`, async () => {
    const { sessions, session } = setup();
    void sessions.create(session('code'));
    const taken = await Promise.all(Array.from({ length: 50 }, async () => sessions.take('code')));
    expect(taken.filter((each) => each !== undefined)).toHaveLength(1);
  });

  it(`hides an expired record from its millisecond on, though nothing swept it ${requirement('D2')}`, () => {
    const { clock, sessions, session } = setup();
    void sessions.create(session('a', { expiresAt: clock() + 10 }));
    clock.advance(9);
    expect(sessions.get('a')).toBeDefined();
    clock.advance(1);
    expect(sessions.get('a')).toBeUndefined();
    expect(sessions.list({ index: 'user', value: 'ada', limit: 10 })).toEqual({ items: [] });
    expect(sessions.scan({ limit: 10 })).toEqual({ items: [] });
    expect(sessions.take('a')).toBeUndefined();
  });

  it(`keeps metacharacters and __proto__ plain data, as id, index value and field ${requirement('D4')}`, () => {
    const { sessions, session } = setup();
    const names = ['__proto__', 'constructor', "' OR 1=1 --", '$where', '*', '\r\nFLUSHALL\r\n', '{"$gt":""}'];
    for (const name of names) expect(sessions.create(session(name, { user: name, tenant: name }))).toBeDefined();
    for (const name of names) {
      expect(sessions.get(name)).toMatchObject({ record: { id: name, user: name } });
      expect(sessions.list({ index: 'user', value: name, limit: 10 })).toMatchObject({
        items: [{ record: { id: name } }],
      });
      expect(sessions.deleteWhere('tenant', name)).toBe(1);
    }
    expect(({} as { id?: string }).id).toBeUndefined();
  });

  it(`lists and deletes for one tenant only what is that tenant's ${requirement('D5')}`, () => {
    const { sessions, session } = setup();
    const tenants = ['acme', 'Acme', 'acme ', 'acme%', 'acm', 'acme\u0301', '*', '_cme'];
    for (const tenant of tenants) void sessions.create(session(`of ${tenant}`, { tenant }));
    void sessions.create(session('of nobody'));
    for (const tenant of tenants) {
      expect(sessions.list({ index: 'tenant', value: tenant, limit: 100 })).toMatchObject({
        items: [{ record: { tenant } }],
      });
    }
    expect(sessions.deleteWhere('tenant', 'acme')).toBe(1);
    expect((sessions.scan({ limit: 100 }) as { items: readonly unknown[] }).items).toHaveLength(tenants.length);
  });

  it(`reaches every record of a user in one call, ten thousand of them, old, touched and replaced ones too ${requirement('D6')}`, () => {
    const { clock, sessions, session } = setup();
    for (let index = 0; index < 10_000; index += 1)
      void sessions.create(
        session(`s${index}`, { createdAt: (index * 7919) % 5000, expiresAt: clock() + 100_000 + index }),
      );
    void sessions.touch([{ id: 's5', touchedAt: clock(), expiresAt: clock() + 900_000 }]);
    void sessions.delete('s6');
    void sessions.create(session('s6'));
    void sessions.create(session('other', { user: 'grace' }));
    expect(sessions.deleteWhere('user', 'ada')).toBe(10_000);
    expect(sessions.list({ index: 'user', value: 'ada', limit: 1 })).toEqual({ items: [] });
    expect(sessions.get('other')).toBeDefined();
  });

  it('is full of living records rather than forget one, and has room again when one expires or goes', () => {
    const { clock, storage, sessions, session } = setup({ maxRecords: 3 });
    const others = storage.collection<StoredRecord>({ name: 'others' });
    void sessions.create(session('a', { expiresAt: clock() + 1000 }));
    void sessions.create(session('b', { expiresAt: clock() + 2000 }));
    void others.create({ id: 'c', createdAt: 1 });
    expect(() => sessions.create(session('d'))).toThrow(error('storage_full'));
    expect(() => others.create({ id: 'd', createdAt: 1 })).toThrow(error('storage_full'));
    expect(sessions.create(session('a'))).toBeUndefined();
    for (const id of ['a', 'b']) expect(sessions.get(id)).toBeDefined();
    clock.advance(1000);
    expect(others.create({ id: 'd', createdAt: 1 })).toBeDefined();
    expect(() => sessions.create(session('e'))).toThrow(error('storage_full'));
    void others.delete('c');
    expect(sessions.create(session('e'))).toBeDefined();
    expect(sessions.get('b')).toBeDefined();
  });

  it('is full of running counters rather than give one of them a fresh quota', () => {
    const { clock, storage } = setup({ maxCounters: 2 });
    const rule = { algorithm: 'fixed-window', limit: 1, windowMs: 1000 } as const;
    for (const key of ['a', 'b']) void storage.counters.consume(key, rule);
    expect(() => storage.counters.consume('c', rule)).toThrow(error('storage_full'));
    expect(storage.counters.consume('a', rule)).toMatchObject({ allowed: false });
    clock.advance(1000);
    expect(storage.counters.consume('c', rule)).toMatchObject({ allowed: true });
  });

  it('shrinks as records arrive, without a call to deleteExpired', () => {
    const { clock, sessions, session } = setup({ maxRecords: 2000 });
    for (let index = 0; index < 1000; index += 1)
      void sessions.create(session(`old ${index}`, { expiresAt: clock() + 1000 }));
    clock.advance(120_000);
    for (let index = 0; index < 500; index += 1) void sessions.create(session(`new ${index}`));
    expect(sessions.deleteExpired(10_000)).toBe(0);
  });

  it('gives the same frozen object to every reader', () => {
    const { sessions, session } = setup();
    void sessions.create(session('a'));
    const stored = sessions.get('a');
    expect(sessions.get('a')).toBe(stored);
    expect(Object.isFrozen(stored)).toBe(true);
    expect(Object.isFrozen((stored as { record: object }).record)).toBe(true);
  });

  it('delivers a message to the others when one listener throws, and tells that one that it missed something', () => {
    const { storage } = setup();
    const heard: string[] = [];
    void storage.bus.subscribe('x', {
      message() {
        throw new Error('broken listener');
      },
      lost: () => heard.push('lost'),
    });
    const end = storage.bus.subscribe('x', {
      message: (text) => heard.push(text),
      lost: () => undefined,
    }) as () => void;
    void storage.bus.publish('x', 'hello');
    end();
    void storage.bus.publish('x', 'again');
    expect(heard).toEqual(['lost', 'hello', 'lost']);
  });
});
