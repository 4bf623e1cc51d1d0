import { expect } from 'vitest';
import { type StorageCase, codeOf, race } from '../storage-case.js';

/** Point 3: activity only moves forward. */
export const touchCases: readonly StorageCase[] = [
  {
    id: 'touch.moves-forward',
    title: 'moves touchedAt and expiresAt forward, never back, in whatever order touches arrive',
    async run({ items, item, now, advance }) {
      const at = now();
      const record = item({ expiresAt: at + 1000 });
      await items.create(record);
      await race(20, (index) =>
        items.touch([{ id: record.id, touchedAt: at + ((index * 7) % 20), expiresAt: at + 2000 + ((index * 7) % 20) }]),
      );
      await items.touch([{ id: record.id, touchedAt: at + 1, expiresAt: at + 1 }]);
      expect((await items.get(record.id))?.record).toEqual({ ...record, touchedAt: at + 19, expiresAt: at + 2019 });
      advance(2018);
      expect(await items.get(record.id)).toBeDefined();
      advance(1);
      expect(await items.get(record.id)).toBeUndefined();
    },
  },
  {
    id: 'touch.same-version',
    title: 'leaves the version, the data and the place in listings alone',
    async run({ items, item, now }) {
      const record = item({ data: { kept: true } });
      const version = (await items.create(record)) ?? '';
      await items.touch([{ id: record.id, touchedAt: now() + 5 }]);
      const touched = { record: { ...record, touchedAt: now() + 5 }, version };
      expect(await items.get(record.id)).toEqual(touched);
      expect((await items.list({ index: 'owner', value: record.owner, limit: 10 })).items).toEqual([touched]);
      expect(await items.update(record.id, version, touched.record)).toBeTypeOf('string');
    },
  },
  {
    id: 'touch.never-revives',
    title: 'creates nothing and revives nothing',
    async run({ items, item, now, advance, unique }) {
      const at = now();
      const expired = item({ expiresAt: at + 10 });
      const deleted = item();
      await items.create(expired);
      await items.create(deleted);
      await items.delete(deleted.id);
      advance(10);
      const never = unique();
      await items.touch(
        [expired.id, deleted.id, never].map((id) => ({ id, touchedAt: now(), expiresAt: now() + 60_000 })),
      );
      for (const id of [expired.id, deleted.id, never]) expect(await items.get(id)).toBeUndefined();
    },
  },
  {
    id: 'touch.lasting-stays-lasting',
    title: 'gives no expiry to a record that has none',
    async run({ items, item, now, advance }) {
      const record = item();
      await items.create(record);
      await items.touch([{ id: record.id, touchedAt: now(), expiresAt: now() + 10 }]);
      advance(100);
      expect((await items.get(record.id))?.record.expiresAt).toBeUndefined();
      expect(await items.get(record.id)).toBeDefined();
    },
  },
  {
    id: 'touch.batch',
    title: 'takes many at once, one id twice, none at all, and ids that could not exist',
    async run({ items, item, now }) {
      const records = Array.from({ length: 300 }, () => item());
      await race(records.length, (index) => items.create(records[index] ?? item()));
      await items.touch([]);
      const touches = records.flatMap(({ id }, index) => [
        { id, touchedAt: now() + index + 2 },
        { id, touchedAt: now() + index + 1 },
      ]);
      await items.touch([
        { id: '', touchedAt: now() },
        { id: 'NUL \0', touchedAt: now() },
        { id: 7 as unknown as string, touchedAt: now() },
        ...touches,
      ]);
      for (const [index, { id }] of records.entries())
        expect((await items.get(id))?.record.touchedAt).toBe(now() + index + 2);
      expect(await codeOf(() => items.touch([{ id: 'x', touchedAt: Number.NaN }]))).toBe('invalid_record');
    },
  },
];
