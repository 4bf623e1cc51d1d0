import { type Storage, cached, modify, withLease } from '@portcullis/core/storage';
import { expect } from 'vitest';
import { type StorageCase, codeOf, race } from '../storage-case.js';

/** What core builds over a storage, on this one. */
export const compositionCases: readonly StorageCase[] = [
  {
    id: 'modify.no-lost-update',
    title: 'modify loses none of 40 concurrent changes, the first of which creates the record',
    async run({ items, item }) {
      const base = item({ data: 0 });
      await race(40, () =>
        modify(items, base.id, (current) => ({ ...(current ?? base), data: Number(current?.data ?? 0) + 1 }), {
          attempts: 1000,
        }),
      );
      expect((await items.get(base.id))?.record.data).toBe(40);
    },
  },
  {
    id: 'modify.no-change',
    title: 'modify leaves a record alone when the change says so, and gives up after its attempts',
    async run({ items, item, unique }) {
      const record = item();
      const version = await items.create(record);
      expect(await modify(items, record.id, () => undefined)).toEqual({ record, version });
      expect(await modify(items, unique(), () => undefined)).toBeUndefined();
      const interfere = async (current: typeof record | undefined): Promise<typeof record> => {
        const stored = await items.get(record.id, { fresh: true });
        await items.update(record.id, stored?.version ?? '', { ...record, data: unique() });
        return { ...record, ...current };
      };
      expect(await codeOf(() => modify(items, record.id, interfere, { attempts: 3 }))).toBe('storage_conflict');
    },
  },
  {
    id: 'lease.exclusive',
    title: 'withLease lets one of 20 callers work, with a fence that grows from holder to holder',
    async run({ storage, now, advance, unique }) {
      const name = unique();
      const fences: number[] = [];
      let inside = 0;
      const work = (): Promise<number> =>
        withLease(storage, name, { ttlMs: 1000, clock: now }, async (lease) => {
          inside += 1;
          expect(inside).toBe(1);
          await storage.counters.consume(name, { algorithm: 'fixed-window', limit: 1, windowMs: 1 });
          inside -= 1;
          fences.push(lease.fence);
          return lease.fence;
        });
      const codes = await race(20, () => codeOf(work));
      expect(codes.filter((code) => code === undefined).length).toBeGreaterThanOrEqual(1);
      expect(codes.every((code) => code === undefined || code === 'lease_lost' || code === 'storage_conflict')).toBe(
        true,
      );
      await work();
      advance(1);
      await work();
      expect(fences).toEqual([...new Set(fences)].toSorted((a, b) => a - b));
    },
  },
  {
    id: 'lease.runs-out',
    title: 'withLease fails work that outlived its lease, and lets another take over in between',
    async run({ storage, now, advance, unique }) {
      const name = unique();
      let later = 0;
      const slept = codeOf(() =>
        withLease(storage, name, { ttlMs: 1000, clock: now }, async (lease) => {
          advance(1000);
          later = await withLease(storage, name, { ttlMs: 1000, clock: now }, (other) => other.fence - lease.fence);
        }),
      );
      expect(await slept).toBe('lease_lost');
      expect(later).toBeGreaterThan(0);
    },
  },
  {
    id: 'cached.overtaken-read',
    title: 'cached neither keeps nor lets others join a read that a revocation overtook',
    async run({ storage, item, now, unique }) {
      const held: (() => void)[] = [];
      let holding = false;
      // What the storage read is decided at once; its answer only travels slowly.
      const slow: Storage = {
        ...storage,
        collection(definition) {
          const inner = storage.collection(definition);
          return {
            ...inner,
            async get(id, call) {
              const found = await inner.get(id, call);
              if (holding) await new Promise<void>((resolve) => held.push(resolve));
              return found;
            },
          };
        },
      };
      const items = cached(slow, { ttl: 60_000, max: 100, clock: now }).collection<ReturnType<typeof item>>({
        name: 'conformance_items',
        indexes: ['owner', 'tenant'],
      });
      await items.get(unique());
      const end = await storage.bus?.subscribe(unique(), { message: () => undefined, lost: () => undefined });
      end?.();
      const record = item();
      await items.create(record);
      holding = true;
      const overtaken = items.get(record.id);
      while (held.length === 0) await new Promise<void>((resolve) => void setTimeout(resolve, 0));
      holding = false;
      await items.delete(record.id);
      expect(await items.get(record.id)).toBeUndefined();
      for (const release of held) release();
      await overtaken;
      expect(await items.get(record.id)).toBeUndefined();
    },
  },
  {
    id: 'cached.revokes',
    title: 'cached answers from memory, and forgets what was updated, taken, deleted or revoked by index',
    async run({ storage, item, now, unique }) {
      const over = cached(storage, { ttl: 60_000, max: 100, clock: now });
      const items = over.collection<ReturnType<typeof item>>({
        name: 'conformance_items',
        indexes: ['owner', 'tenant'],
      });
      // The first read makes the cache subscribe, and it keeps nothing until it listens: after this subscription, the cache's own is there.
      await items.get(unique());
      const end = await storage.bus?.subscribe(unique(), { message: () => undefined, lost: () => undefined });
      end?.();
      const owner = unique();
      const [updated, taken, deleted, revoked] = [item({ owner }), item(), item(), item({ owner })];
      for (const record of [updated, taken, deleted, revoked]) {
        await items.create(record);
        const first = await items.get(record.id);
        expect(await items.get(record.id)).toBe(first);
      }
      const version = (await items.get(updated.id))?.version ?? '';
      await items.update(updated.id, version, { ...updated, data: 'new' });
      expect((await items.get(updated.id))?.record.data).toBe('new');
      await items.take(taken.id);
      await items.delete(deleted.id);
      await items.deleteWhere('owner', owner, { except: updated.id });
      for (const { id } of [taken, deleted, revoked]) expect(await items.get(id)).toBeUndefined();
      expect((await items.get(updated.id))?.record.data).toBe('new');
    },
  },
];
