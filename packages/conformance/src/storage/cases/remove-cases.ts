import { expect } from 'vitest';
import { requirement } from '../../requirement.js';
import { type StorageCase, listAll, race } from '../storage-case.js';

/** `take`, `delete` and point 5, `deleteWhere`. */
export const removeCases: readonly StorageCase[] = [
  {
    id: 'take.one-winner',
    title: `gives the record to one of 50 callers and absent to the rest, ten times over ${requirement('D1')}`,
    async run({ items, item }) {
      for (let round = 0; round < 10; round += 1) {
        const record = item({ data: round });
        await items.create(record);
        const taken = await race(50, () => items.take(record.id));
        expect(taken.filter((each) => each !== undefined)).toEqual([record]);
        expect(await items.get(record.id)).toBeUndefined();
      }
    },
  },
  {
    id: 'take.frees-the-id',
    title: 'takes the record out of its indexes and frees its id',
    async run({ items, item, unique }) {
      const record = item({ tenant: unique() });
      await items.create(record);
      await items.take(record.id);
      expect(await listAll(items, 'owner', record.owner)).toEqual([]);
      expect(await listAll(items, 'tenant', record.tenant ?? '')).toEqual([]);
      expect(await items.create(record)).toBeTypeOf('string');
    },
  },
  {
    id: 'delete.says-whether',
    title: 'says whether a living record was deleted: once of 50 callers',
    async run({ items, item, unique }) {
      const record = item();
      await items.create(record);
      const answers = await race(50, () => items.delete(record.id));
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await items.get(record.id)).toBeUndefined();
      expect(await listAll(items, 'owner', record.owner)).toEqual([]);
      expect(await items.delete(unique())).toBe(false);
    },
  },
  {
    id: 'delete.versioned',
    title: 'with a version deletes only that version, touched or not',
    async run({ items, item, now }) {
      const record = item();
      const first = (await items.create(record)) ?? '';
      const second = (await items.update(record.id, first, { ...record, data: 2 })) ?? '';
      await items.touch([{ id: record.id, touchedAt: now() + 1 }]);
      expect(await items.delete(record.id, { version: first })).toBe(false);
      expect((await items.get(record.id))?.record.data).toBe(2);
      expect(await items.delete(record.id, { version: second })).toBe(true);
      expect(await items.get(record.id)).toBeUndefined();
    },
  },
  {
    id: 'delete-where.all-members',
    title: 'removes every member of an index value, and only those, but for the exception',
    async run({ items, item, unique, scale }) {
      const owner = unique();
      const other = item({ owner: `${owner}x` });
      await items.create(other);
      const records = Array.from({ length: scale.members }, (_, index) =>
        item({ owner, createdAt: 1000 + (index % 97) }),
      );
      for (let start = 0; start < records.length; start += 500) {
        const batch = records.slice(start, start + 500);
        await race(batch.length, (index) => items.create(batch[index] ?? other));
      }
      const kept = records[scale.members >> 1] ?? other;
      expect(await items.deleteWhere('owner', owner, { except: kept.id })).toBe(scale.members - 1);
      expect(await listAll(items, 'owner', owner)).toEqual([kept]);
      expect(await items.get(records[0]?.id ?? '')).toBeUndefined();
      expect(await items.deleteWhere('owner', owner)).toBe(1);
      expect(await items.deleteWhere('owner', owner)).toBe(0);
      expect((await items.get(other.id))?.record).toEqual(other);
    },
  },
  {
    id: 'delete-where.counts-living',
    title: 'counts the living only',
    async run({ items, item, unique, now, advance }) {
      const owner = unique();
      await items.create(item({ owner, expiresAt: now() + 10 }));
      await items.create(item({ owner }));
      advance(10);
      expect(await items.deleteWhere('owner', owner)).toBe(1);
    },
  },
  {
    id: 'delete-where.fence',
    title: `lets no login survive a revoke-all, by the fence: mark, delete; create, read the mark, undo ${requirement('D6')}`,
    async run({ items, item, unique }) {
      const owner = unique();
      const mark = item({ id: `mark ${owner}` });
      const login = async (): Promise<string | undefined> => {
        const session = item({ owner });
        await items.create(session);
        if ((await items.get(mark.id, { fresh: true })) === undefined) return session.id;
        await items.delete(session.id);
        return undefined;
      };
      const revoke = async (): Promise<void> => {
        await items.create(mark);
        await items.deleteWhere('owner', owner);
      };
      await race<unknown>(60, (index) => (index === 30 ? revoke() : login()));
      expect(await listAll(items, 'owner', owner)).toEqual([]);
      expect(await login()).toBeUndefined();
    },
  },
];
