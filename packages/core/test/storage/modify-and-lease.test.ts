import { fakeClock } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import {
  type Collection,
  type Storage,
  type StoredRecord,
  StorageUnavailableError,
  cached,
  createMemoryStorage,
  leaseCollection,
  modify,
  withLease,
} from '../../src/storage/index.js';

interface Count extends StoredRecord {
  readonly count: number;
}

const error = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('modify', () => {
  const setup = (): Collection<Count> => createMemoryStorage().collection<Count>({ name: 'counts' });

  it('answers at once over a storage that does', () => {
    const counts = setup();
    expect(
      modify(counts, 'a', (current) => ({ id: 'a', createdAt: 1, count: (current?.count ?? 0) + 1 })),
    ).toMatchObject({ record: { count: 1 } });
  });

  it('gives the version that it wrote, so that the caller can go on from it', () => {
    const counts = setup();
    const stored = modify(counts, 'a', () => ({ id: 'a', createdAt: 1, count: 1 })) as { version: string };
    expect(counts.update('a', stored.version, { id: 'a', createdAt: 1, count: 2 })).toBeDefined();
  });

  it('refuses a record with another id and attempts out of range, and passes on what the change throws', () => {
    const counts = setup();
    expect(() => modify(counts, 'a', () => ({ id: 'b', createdAt: 1, count: 1 }))).toThrow(error('invalid_record'));
    for (const attempts of [0, 1.5, 1001])
      expect(() => modify(counts, 'a', () => undefined, { attempts })).toThrow(error('invalid_option'));
    expect(() =>
      modify(counts, 'a', () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(counts.get('b')).toBeUndefined();
  });
});

describe('modify over cached', () => {
  it('reads past the cache, so that what another process wrote does not cost it its attempts', () => {
    const { bus: _, ...memory } = createMemoryStorage();
    const counts = memory.collection<Count>({ name: 'counts' });
    const over = cached(memory, { ttl: 60_000, max: 10 }).collection<Count>({ name: 'counts' });
    const version = counts.create({ id: 'a', createdAt: 1, count: 1 }) as string;
    void over.get('a');
    void counts.update('a', version, { id: 'a', createdAt: 1, count: 2 });
    expect(over.get('a')).toMatchObject({ record: { count: 1 } });
    const change = (current: Count | undefined): Count => ({ id: 'a', createdAt: 1, count: (current?.count ?? 0) + 1 });
    expect(modify(over, 'a', change, { attempts: 1 })).toMatchObject({ record: { count: 3 } });
  });
});

describe('withLease', () => {
  const options = (clock: () => number) => ({ ttlMs: 1000, clock });

  it('refuses a second holder while the first works, and lets it in afterwards, also after a failure', async () => {
    const clock = fakeClock();
    const storage = createMemoryStorage({ clock });
    await withLease(storage, 'job', options(clock), async () => {
      await expect(withLease(storage, 'job', options(clock), () => 1)).rejects.toThrow(error('lease_lost'));
      await withLease(storage, 'other job', options(clock), () => 1);
    });
    await expect(
      withLease(storage, 'job', options(clock), () => {
        throw new Error('work failed');
      }),
    ).rejects.toThrow('work failed');
    expect(await withLease(storage, 'job', options(clock), () => 'done')).toBe('done');
  });

  it('gives each holder a larger fence, even after the record of the last was swept', async () => {
    const clock = fakeClock();
    const storage = createMemoryStorage({ clock });
    const fence = (): Promise<number> => withLease(storage, 'job', options(clock), (lease) => lease.fence);
    const [first, second] = [await fence(), await fence()];
    clock.advance(30 * 86_400_000);
    void storage.collection(leaseCollection).deleteExpired(100);
    expect(second).toBeGreaterThan(first);
    expect(await fence()).toBeGreaterThan(second);
  });

  it('holds on while it is renewed, and cannot be renewed once it ran out', async () => {
    const clock = fakeClock();
    const storage = createMemoryStorage({ clock });
    await withLease(storage, 'job', options(clock), async (lease) => {
      clock.advance(999);
      await lease.renew();
      expect(lease.expiresAt()).toBe(clock() + 1000);
      clock.advance(999);
      await expect(withLease(storage, 'job', options(clock), () => 1)).rejects.toThrow(error('lease_lost'));
    });
    const late = withLease(storage, 'job', options(clock), async (lease) => {
      clock.advance(1000);
      await lease.renew();
    });
    await expect(late).rejects.toThrow(error('lease_lost'));
  });

  it('says that it was lost when another, whose clock is ahead, took it meanwhile', async () => {
    const clock = fakeClock();
    const storage = createMemoryStorage({ clock });
    const ahead = (): number => clock() + 5000;
    const work = withLease(storage, 'job', options(clock), () =>
      withLease(storage, 'job', options(ahead), () => undefined),
    );
    await expect(work).rejects.toThrow(error('lease_lost'));
  });

  it('gives the result when only the release fails, since nobody else can have begun', async () => {
    const clock = fakeClock();
    const memory = createMemoryStorage({ clock });
    const storage: Storage = {
      ...memory,
      collection: <T extends StoredRecord>(definition: { name: string }): Collection<T> => ({
        ...memory.collection<T>(definition),
        update: () => Promise.reject(new StorageUnavailableError()),
      }),
    };
    expect(await withLease(storage, 'job', options(clock), () => 'done')).toBe('done');
  });

  it('refuses a ttl out of range', async () => {
    for (const ttlMs of [0, 1.5, 3_600_001])
      await expect(withLease(createMemoryStorage(), 'job', { ttlMs }, () => 1)).rejects.toThrow(
        error('invalid_option'),
      );
  });
});
