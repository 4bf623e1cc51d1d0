import { expect } from 'vitest';
import { type StorageCase, codeOf, race } from '../storage-case.js';

/** Point 2: compare-and-set. */
export const updateCases: readonly StorageCase[] = [
  {
    id: 'update.sets',
    title: 'sets a record whose version is the one given, and gives the next version',
    async run({ items, item }) {
      const record = item({ data: 1 });
      const first = (await items.create(record)) ?? '';
      const second = await items.update(record.id, first, { ...record, data: 2 });
      expect(second).toBeTypeOf('string');
      expect(second).not.toBe(first);
      expect(await items.get(record.id)).toEqual({ record: { ...record, data: 2 }, version: second });
    },
  },
  {
    id: 'update.refuses-stale',
    title: 'changes nothing when the version is another, the record is gone, or was created again',
    async run({ items, item, unique }) {
      const record = item({ data: 1 });
      const first = (await items.create(record)) ?? '';
      await items.update(record.id, first, { ...record, data: 2 });
      expect(await items.update(record.id, first, { ...record, data: 3 })).toBeUndefined();
      expect((await items.get(record.id))?.record.data).toBe(2);
      await items.delete(record.id);
      expect(await items.update(record.id, first, record)).toBeUndefined();
      await items.create(record);
      expect(await items.update(record.id, first, { ...record, data: 4 })).toBeUndefined();
      expect((await items.get(record.id))?.record.data).toBe(1);
      const never = item({ id: unique() });
      expect(await items.update(never.id, first, never)).toBeUndefined();
      expect(await items.get(never.id)).toBeUndefined();
    },
  },
  {
    id: 'update.one-winner',
    title: 'has one winner of 50 updates from the same version',
    async run({ items, item }) {
      const record = item();
      const version = (await items.create(record)) ?? '';
      const versions = await race(50, (index) => items.update(record.id, version, { ...record, data: index }));
      const winner = versions.findIndex((each) => each !== undefined);
      expect(versions.filter((each) => each !== undefined)).toHaveLength(1);
      expect(await items.get(record.id)).toEqual({ record: { ...record, data: winner }, version: versions[winner] });
    },
  },
  {
    id: 'update.keeps-identity',
    title: 'throws invalid_record for another createdAt, index value or id, and changes nothing',
    async run({ items, item, unique }) {
      const record = item({ tenant: unique() });
      const { tenant: _, ...withoutTenant } = record;
      const version = (await items.create(record)) ?? '';
      const changes = [
        { ...record, createdAt: record.createdAt + 1 },
        { ...record, owner: unique() },
        { ...record, tenant: unique() },
        withoutTenant,
        { ...record, id: unique() },
      ];
      for (const changed of changes)
        expect(await codeOf(() => items.update(record.id, version, changed))).toBe('invalid_record');
      expect(await items.get(record.id)).toEqual({ record, version });
    },
  },
  {
    id: 'update.moves-expiry',
    title: 'brings expiry forward, puts it off, and takes it away',
    async run({ items, item, now, advance }) {
      const record = item({ expiresAt: now() + 10_000 });
      const { expiresAt: _, ...lasting } = record;
      const first = (await items.create(record)) ?? '';
      const second = (await items.update(record.id, first, { ...record, expiresAt: now() + 10 })) ?? '';
      const third = (await items.update(record.id, second, { ...record, expiresAt: now() + 20 })) ?? '';
      advance(19);
      expect((await items.get(record.id))?.version).toBe(third);
      const fourth = (await items.update(record.id, third, lasting)) ?? '';
      advance(1_000_000);
      expect(await items.get(record.id)).toEqual({ record: lasting, version: fourth });
      const fifth = await items.update(record.id, fourth, { ...record, expiresAt: now() + 1 });
      expect(fifth).toBeTypeOf('string');
      advance(1);
      expect(await items.get(record.id)).toBeUndefined();
    },
  },
  {
    id: 'update.keeps-touch',
    title: 'keeps the later touchedAt, so that a touch between read and update is not undone',
    async run({ items, item, now }) {
      const at = now();
      const record = item({ touchedAt: at });
      const version = (await items.create(record)) ?? '';
      await items.touch([{ id: record.id, touchedAt: at + 500 }]);
      const second = (await items.update(record.id, version, { ...record, data: 'new' })) ?? '';
      expect((await items.get(record.id))?.record).toEqual({ ...record, data: 'new', touchedAt: at + 500 });
      await items.update(record.id, second, { ...record, touchedAt: at + 900 });
      expect((await items.get(record.id))?.record.touchedAt).toBe(at + 900);
    },
  },
];
