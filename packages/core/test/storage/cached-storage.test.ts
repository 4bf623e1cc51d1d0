import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import {
  type Bus,
  type BusListener,
  type Collection,
  type Storage,
  type StoredRecord,
  StorageUnavailableError,
  type Stored,
  cached,
  createMemoryBus,
  createMemoryStorage,
} from '../../src/storage/index.js';

interface Key extends StoredRecord {
  readonly owner: string;
  readonly tags?: readonly string[];
}

const definition = { name: 'keys', indexes: ['owner'] as const };
const key = (id: string, fields: Partial<Key> = {}): Key => ({ id, owner: 'o', createdAt: 1, ...fields });

interface Pending {
  readonly id: string;
  answer(): void;
  fail(error: Error): void;
}

/** A storage whose reads wait until the test lets each see the state of that moment or of its start. */
function slowStorage(bus: Bus | undefined = createMemoryBus()) {
  const clock = fakeClock();
  const memory = createMemoryStorage({ clock });
  const pending: Pending[] = [];
  let reads = 0;
  const storage: Storage = {
    ...memory,
    ...(bus === undefined ? {} : { bus }),
    capabilities: { shared: true, durable: true, bus: bus !== undefined },
    collection<T extends StoredRecord>(given: { name: string }): Collection<T> {
      const inner = memory.collection<T>(given);
      return {
        ...inner,
        get(id: string) {
          reads += 1;
          // What the database read is decided at once; the answer only travels slowly.
          const seen = inner.get(id);
          return new Promise((resolve, reject) => pending.push({ id, answer: () => resolve(seen), fail: reject }));
        },
        delete: async (id, call) => inner.delete(id, call),
      };
    },
  };
  if (bus === undefined) delete (storage as { bus?: Bus }).bus;
  return { clock, storage, memory, pending, reads: () => reads, inner: memory.collection<Key>(definition) };
}

async function turn(): Promise<void> {
  for (let count = 0; count < 10; count += 1) await Promise.resolve();
}

describe('cached', () => {
  it('refuses a ttl or size out of range', () => {
    const storage = createMemoryStorage();
    for (const options of [
      { ttl: 0, max: 10 },
      { ttl: 1.5, max: 10 },
      { ttl: 86_400_001, max: 10 },
      { ttl: 1, max: 1 },
      { ttl: 1, max: Number.NaN },
    ]) {
      expect(() => cached(storage, options)).toThrow(expect.objectContaining({ code: 'invalid_option' }) as Error);
    }
  });

  it('asks the storage once for concurrent reads and later ones, until the ttl counted from the start of the read', async () => {
    const slow = slowStorage();
    const items = cached(slow.storage, { ttl: 1000, max: 10, clock: slow.clock }).collection<Key>(definition);
    await slow.inner.create(key('a'));
    const readers = [items.get('a'), items.get('a'), items.get('a')];
    slow.clock.advance(900);
    slow.pending[0]?.answer();
    for (const reader of readers) expect((await reader)?.record.id).toBe('a');
    slow.clock.advance(99);
    expect(await items.get('a')).toBeDefined();
    expect(slow.reads()).toBe(1);
    slow.clock.advance(1);
    void items.get('a');
    expect(slow.reads()).toBe(2);
  });

  it('reads again when the clock was set back, so that no ttl is stretched', () => {
    const clock = fakeClock();
    const memory = createMemoryStorage({ clock });
    const items = cached(memory, { ttl: 1000, max: 10, clock }).collection<Key>(definition);
    void items.create(key('a'));
    void items.get('a');
    void memory.collection<Key>(definition).delete('a');
    expect(items.get('a')).toBeDefined();
    clock.advance(-1);
    expect(items.get('a')).toBeUndefined();
  });

  it('neither keeps nor joins a read that a revocation overtook', async () => {
    const slow = slowStorage();
    const items = cached(slow.storage, { ttl: 60_000, max: 10, clock: slow.clock }).collection<Key>(definition);
    await slow.inner.create(key('a'));
    const before = items.get('a');
    await items.delete('a');
    // Acknowledged: from here on nobody may be answered from before it.
    const after = items.get('a');
    expect(slow.pending).toHaveLength(2);
    slow.pending[1]?.answer();
    expect(await after).toBeUndefined();
    slow.pending[0]?.answer();
    expect(await before).toBeDefined();
    const last = items.get('a');
    slow.pending[2]?.answer();
    expect(await last).toBeUndefined();
  });

  it('detaches every read under way when records are revoked by index, whoever does it', async () => {
    const bus = createMemoryBus();
    const slow = slowStorage(bus);
    const here = cached(slow.storage, { ttl: 60_000, max: 10, clock: slow.clock }).collection<Key>(definition);
    const there = cached({ ...slow.memory, bus }, { ttl: 60_000, max: 10, clock: slow.clock }).collection<Key>(
      definition,
    );
    await slow.inner.create(key('a'));
    const before = here.get('a');
    await there.deleteWhere('owner', 'o');
    slow.pending[0]?.answer();
    await before;
    const after = here.get('a');
    slow.pending[1]?.answer();
    expect(await after).toBeUndefined();
  });

  it('forgets in one process what another has written, taken, deleted or revoked, and keeps the rest', () => {
    const memory = createMemoryStorage();
    const open = () => cached(memory, { ttl: 60_000, max: 100 }).collection<Key>(definition);
    const [here, there] = [open(), open()];
    for (const id of ['updated', 'taken', 'deleted', 'revoked', 'kept', 'excepted']) {
      void here.create(key(id, { owner: id === 'revoked' || id === 'excepted' ? 'gone' : 'o' }));
      void here.get(id);
    }
    const kept = here.get('kept');
    const version = (there.get('updated') as { version: string }).version;
    void there.update('updated', version, key('updated', { tags: ['new'] }));
    void there.take('taken');
    void there.delete('deleted');
    void there.deleteWhere('owner', 'gone', { except: 'excepted' });
    expect(here.get('updated')).toMatchObject({ record: { tags: ['new'] } });
    for (const id of ['taken', 'deleted', 'revoked']) expect(here.get(id)).toBeUndefined();
    expect(here.get('kept')).toBe(kept);
    expect(here.get('excepted')).toBeDefined();
  });

  it('writes, forgets, publishes, then acknowledges; and does not acknowledge what it could not publish', async () => {
    const steps: string[] = [];
    let publish: () => Promise<void> = async () => void steps.push('published');
    const bus: Bus = { ...createMemoryBus(), publish: () => publish() };
    const slow = slowStorage(bus);
    const items = cached(slow.storage, { ttl: 60_000, max: 10, clock: slow.clock }).collection<Key>(definition);
    await slow.inner.create(key('a'));
    await items.delete('a');
    steps.push('acknowledged');
    expect(steps).toEqual(['published', 'acknowledged']);

    await slow.inner.create(key('b'));
    publish = async () => {
      throw new Error('bus down');
    };
    await expect(items.delete('b')).rejects.toBeInstanceOf(StorageUnavailableError);
    expect(slow.inner.get('b')).toBeUndefined();
  });

  it('treats a write that failed as made: forgets, and tells the others', async () => {
    const bus = createMemoryBus();
    const heard: string[] = [];
    void bus.subscribe('portcullis.cache', { message: (text) => heard.push(text), lost: () => undefined });
    const memory = createMemoryStorage();
    const failing: Storage = {
      ...memory,
      bus,
      collection: <T extends StoredRecord>(given: { name: string }): Collection<T> => ({
        ...memory.collection<T>(given),
        delete: () => Promise.reject(new StorageUnavailableError()),
        take: () => {
          throw new StorageUnavailableError();
        },
      }),
    };
    const items = cached(failing, { ttl: 60_000, max: 10 }).collection<Key>(definition);
    await items.create(key('a'));
    await items.get('a');
    void memory.collection<Key>(definition).delete('a');
    await expect(items.delete('a')).rejects.toBeInstanceOf(StorageUnavailableError);
    expect(await items.get('a')).toBeUndefined();
    expect(() => items.take('b')).toThrow(StorageUnavailableError);
    expect(heard.map((text) => (JSON.parse(text) as { id: string }).id)).toEqual(['a', 'b']);
  });

  it('keeps nothing until the bus is listened to, and forgets all when the bus may have missed something', async () => {
    let listener: BusListener | undefined;
    let subscribed: (() => void) | undefined;
    const bus: Bus = {
      publish: () => undefined,
      subscribe: (_channel, given) =>
        new Promise((resolve) => {
          listener = given;
          subscribed = () => resolve(() => undefined);
        }),
    };
    const memory = createMemoryStorage();
    const inner = memory.collection<Key>(definition);
    const items = cached({ ...memory, bus }, { ttl: 60_000, max: 10 }).collection<Key>(definition);
    void inner.create(key('a'));
    expect(items.get('a')).toBeDefined();
    void inner.delete('a');
    expect(items.get('a')).toBeUndefined();

    subscribed?.();
    await turn();
    void inner.create(key('a'));
    expect(items.get('a')).toBeDefined();
    void inner.delete('a');
    expect(items.get('a')).toBeDefined();
    listener?.lost();
    expect(items.get('a')).toBeUndefined();
  });

  it('tries to listen again after a failure, and forgets all on a message that it cannot read', async () => {
    let attempts = 0;
    const memory = createMemoryStorage();
    const bus: Bus = {
      publish: (channel, text) => memory.bus.publish(channel, text),
      subscribe(channel, listener) {
        attempts += 1;
        if (attempts === 1) throw new Error('down');
        if (attempts === 2) return Promise.reject(new Error('down'));
        return memory.bus.subscribe(channel, listener);
      },
    };
    const inner = memory.collection<Key>(definition);
    const items = cached({ ...memory, bus }, { ttl: 60_000, max: 10 }).collection<Key>(definition);
    void inner.create(key('a'));
    for (let read = 0; read < 4; read += 1) {
      expect(items.get('a')).toBeDefined();
      await turn();
    }
    expect(attempts).toBe(3);
    for (const text of ['{', 'null', '[]', '{"collection":1}', '{"collection":"keys","index":"owner"}']) {
      void inner.delete('a');
      expect(items.get('a')).toBeDefined();
      void memory.bus.publish('portcullis.cache', text);
      expect(items.get('a')).toBeUndefined();
      void inner.create(key('a'));
      void items.get('a');
    }
  });

  it('asks past the cache when told to, and takes what it learns', async () => {
    const slow = slowStorage();
    const items = cached(slow.storage, { ttl: 60_000, max: 10, clock: slow.clock }).collection<Key>(definition);
    await slow.inner.create(key('a'));
    const stale = items.get('a');
    await slow.inner.delete('a');
    const fresh = items.get('a', { fresh: true });
    slow.pending[1]?.answer();
    expect(await fresh).toBeUndefined();
    slow.pending[0]?.answer();
    expect(await stale).toBeDefined();
    void items.get('a');
    expect(slow.reads()).toBe(3);
  });

  it(`passes an outage on to every reader and tries again for the next ${requirement('D3')}`, async () => {
    const slow = slowStorage();
    const items = cached(slow.storage, { ttl: 60_000, max: 10, clock: slow.clock }).collection<Key>(definition);
    const readers = [items.get('a'), items.get('a')];
    slow.pending[0]?.fail(new StorageUnavailableError());
    for (const reader of readers) await expect(reader).rejects.toBeInstanceOf(StorageUnavailableError);
    const next = items.get('a');
    slow.pending[1]?.answer();
    expect(await next).toBeUndefined();
  });

  it('lets one reader give up without ending the read that others wait for', async () => {
    const slow = slowStorage();
    const items = cached(slow.storage, { ttl: 60_000, max: 10, clock: slow.clock }).collection<Key>(definition);
    await slow.inner.create(key('a'));
    const controller = new AbortController();
    const hasty = items.get('a', { signal: controller.signal });
    const patient = items.get('a');
    controller.abort();
    await expect(hasty).rejects.toBeInstanceOf(StorageUnavailableError);
    slow.pending[0]?.answer();
    expect(await patient).toBeDefined();
    expect(slow.reads()).toBe(1);
  });

  it('never answers an expired record from memory, and sees an expiry that a touch has put off', () => {
    const clock = fakeClock();
    const memory = createMemoryStorage({ clock });
    const items = cached(memory, { ttl: 60_000, max: 10, clock }).collection<Key>(definition);
    void items.create(key('a', { expiresAt: clock() + 100 }));
    void items.get('a');
    void memory.collection<Key>(definition).touch([{ id: 'a', touchedAt: clock(), expiresAt: clock() + 200 }]);
    clock.advance(100);
    expect(items.get('a')).toMatchObject({ record: { expiresAt: clock() + 100 } });
    clock.advance(100);
    expect(items.get('a')).toBeUndefined();
  });

  it('shares frozen records, so that one reader cannot change what another reads', () => {
    const memory = createMemoryStorage();
    const thawed: Storage = {
      ...memory,
      collection: <T extends StoredRecord>(given: { name: string }): Collection<T> => {
        const inner = memory.collection<T>(given);
        return {
          ...inner,
          get: (id: string) =>
            (JSON.parse(JSON.stringify(inner.get(id) ?? null)) ?? undefined) as Stored<T> | undefined,
        };
      },
    };
    const items = cached(thawed, { ttl: 60_000, max: 10 }).collection<Key>(definition);
    void items.create(key('a', { tags: ['x'] }));
    const stored = items.get('a') as unknown as { record: { tags: string[] } };
    expect(() => stored.record.tags.push('y')).toThrow(TypeError);
    expect(items.get('a')).toBe(stored);
  });

  it('holds no more than max records, and keeps those in use', () => {
    const memory = createMemoryStorage();
    let reads = 0;
    const counting: Storage = {
      ...memory,
      collection: <T extends StoredRecord>(given: { name: string }): Collection<T> => {
        const inner = memory.collection<T>(given);
        return {
          ...inner,
          get(id: string) {
            reads += 1;
            return inner.get(id);
          },
        };
      },
    };
    const items = cached(counting, { ttl: 60_000, max: 10 }).collection<Key>(definition);
    for (let index = 0; index < 200; index += 1) {
      void items.create(key(`k${index}`));
      void items.get(`k${index}`);
      void items.get('k0');
    }
    expect(reads).toBe(200);
    for (let index = 0; index < 200; index += 1) void items.get(`k${index}`);
    // At most ten of them were still known.
    expect(reads).toBeGreaterThanOrEqual(200 + 190);
  });
});
