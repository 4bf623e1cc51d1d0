import { expect } from 'vitest';
import { type ConformanceItem, type StorageCase, codeOf, race } from '../storage-case.js';

/** Point 1: what `create` promises. */
export const createCases: readonly StorageCase[] = [
  {
    id: 'create.reads-back',
    title: 'gives a version, and get gives the same record and version',
    async run({ items, item, unique }) {
      const record = item({ tenant: unique(), data: { list: [1, 'two', null, true, { three: 3.5 }], empty: {} } });
      const version = await items.create(record);
      expect(version).toBeTypeOf('string');
      expect(await items.get(record.id)).toEqual({ record, version });
    },
  },
  {
    id: 'create.refuses-living',
    title: 'refuses the id of a living record and leaves that as it is',
    async run({ items, item }) {
      const first = item({ data: 'first' });
      const version = await items.create(first);
      expect(await items.create({ ...first, data: 'second' })).toBeUndefined();
      expect(await items.get(first.id)).toEqual({ record: first, version });
    },
  },
  {
    id: 'create.one-winner',
    title: 'has one winner of 50 creators of an id',
    async run({ items, item }) {
      const base = item();
      const versions = await race(50, (index) => items.create({ ...base, data: index }));
      const winner = versions.findIndex((version) => version !== undefined);
      expect(versions.filter((version) => version !== undefined)).toHaveLength(1);
      expect(await items.get(base.id)).toEqual({ record: { ...base, data: winner }, version: versions[winner] });
    },
  },
  {
    id: 'create.replaces-expired',
    title: 'replaces an expired record that nobody swept, in every index too',
    async run({ items, item, now, advance, unique }) {
      const expiring = item({ expiresAt: now() + 1000, tenant: unique() });
      const first = await items.create(expiring);
      advance(1000);
      const successor = item({ id: expiring.id });
      const second = await items.create(successor);
      expect(second).toBeTypeOf('string');
      expect(second).not.toBe(first);
      expect(await items.get(expiring.id)).toEqual({ record: successor, version: second });
      expect((await items.list({ index: 'owner', value: expiring.owner, limit: 10 })).items).toEqual([]);
      expect((await items.list({ index: 'owner', value: successor.owner, limit: 10 })).items).toHaveLength(1);
    },
  },
  {
    id: 'create.one-winner-over-expired',
    title: 'has one winner of 50 creators over an expired record',
    async run({ items, item, now, advance }) {
      const base = item({ expiresAt: now() + 1 });
      await items.create(base);
      advance(1);
      const { expiresAt: _, ...fresh } = base;
      const versions = await race(50, (index) => items.create({ ...fresh, data: index }));
      const winner = versions.findIndex((version) => version !== undefined);
      expect(versions.filter((version) => version !== undefined)).toHaveLength(1);
      expect(await items.get(base.id)).toEqual({ record: { ...fresh, data: winner }, version: versions[winner] });
    },
  },
  {
    id: 'create.copies',
    title: 'is not changed by what a caller does to the object it gave or got',
    async run({ items, item }) {
      const tags = ['a'];
      const record = item({ data: { tags } });
      await items.create(record);
      tags.push('b');
      const read = (await items.get(record.id))?.record as { data: { tags: string[] } };
      try {
        read.data.tags.push('c');
      } catch {
        // A frozen record is one way to keep the promise.
      }
      expect((await items.get(record.id))?.record.data).toEqual({ tags: ['a'] });
    },
  },
  {
    id: 'create.versions-never-repeat',
    title: 'never gives an id the same version twice, however the record went away',
    async run({ items, item, now, advance }) {
      const base = item();
      const versions: (string | undefined)[] = [];
      for (let round = 0; round < 5; round += 1) {
        const created = await items.create(base);
        versions.push(created, await items.update(base.id, created ?? '', { ...base, data: round }));
        await items.delete(base.id);
        versions.push(await items.create(base));
        await items.take(base.id);
        versions.push(await items.create({ ...base, expiresAt: now() + 1 }));
        advance(1);
      }
      expect(versions).not.toContain(undefined);
      expect(new Set(versions).size).toBe(versions.length);
    },
  },
  {
    id: 'create.refuses-bad-records',
    title: 'throws invalid_record for what some database would change, lose or refuse',
    async run({ items, item }) {
      const circular: { self?: unknown } = {};
      circular.self = circular;
      const bad: Record<string, unknown>[] = [
        { data: 1n },
        { data: Number.NaN },
        { data: 2 ** 53 },
        { data: new Date(0) },
        { data: [undefined] },
        { data: () => 'text' },
        { data: 'NUL \0' },
        { data: 'lone surrogate \ud800' },
        { data: { 'lone \udc00': 1 } },
        { data: circular },
        { createdAt: 1.5 },
        { createdAt: -1 },
        { createdAt: undefined },
        { expiresAt: Number.POSITIVE_INFINITY },
        { expiresAt: '2030' },
        { touchedAt: Number.NaN },
        { owner: '' },
        { owner: 7 },
        { owner: 'x'.repeat(256) },
        { tenant: 'NUL \0' },
      ];
      for (const fields of bad) {
        const record = { ...item(), ...fields } as unknown as ConformanceItem;
        expect([Object.keys(fields), await codeOf(() => items.create(record))]).toEqual([
          Object.keys(fields),
          'invalid_record',
        ]);
        expect(await items.get(record.id)).toBeUndefined();
      }
    },
  },
];
