import { type Collection, compareRecords } from '@portcullis/core/storage';
import { expect } from 'vitest';
import { type ConformanceItem, type StorageCase, codeOf, listAll, race } from '../storage-case.js';

/** Point 4: listing, scanning, sweeping. */
export const listCases: readonly StorageCase[] = [
  {
    id: 'list.newest-first',
    title: 'is newest first by createdAt, then by the bytes of the id, on pages of any size',
    async run({ items, item, unique }) {
      const owner = unique();
      const suffixes = ['a', 'B', 'b', '~', 'é', '\ufffd', '😀', 'a ', 'ab', 'Z'];
      const records = suffixes.flatMap((suffix, index) => [
        item({ owner, id: `${owner}${suffix}`, createdAt: 5000 }),
        item({ owner, createdAt: 4990 + index * 2 }),
      ]);
      await race(records.length, (index) => items.create(records[index] ?? item()));
      const expected = records
        .toSorted(compareRecords)
        .reverse()
        .map(({ id }) => id);
      for (const limit of [1, 3, 7, 1000])
        expect((await listAll(items, 'owner', owner, limit)).map(({ id }) => id)).toEqual(expected);
    },
  },
  {
    id: 'list.reads-own-writes',
    title: 'shows each record as soon as its create is acknowledged, with its version',
    async run({ items, item, unique }) {
      const owner = unique();
      for (let count = 1; count <= 20; count += 1) {
        const record = item({ owner });
        const version = await items.create(record);
        const page = await items.list({ index: 'owner', value: owner, limit: 100 });
        expect(page.items).toHaveLength(count);
        expect(page.items).toContainEqual({ record, version });
      }
    },
  },
  {
    id: 'list.stable-cursor',
    title: 'shows every record that was there throughout, once, while others come and go',
    async run({ items, item, unique }) {
      const owner = unique();
      const lasting = Array.from({ length: 40 }, (_, index) => item({ owner, createdAt: 1000 + index * 10 }));
      const leaving = Array.from({ length: 20 }, (_, index) => item({ owner, createdAt: 1005 + index * 20 }));
      await race(60, (index) => items.create([...lasting, ...leaving][index] ?? item()));
      const seen: string[] = [];
      let cursor: string | undefined;
      let round = 0;
      do {
        const page = await items.list({
          index: 'owner',
          value: owner,
          limit: 6,
          ...(cursor === undefined ? {} : { cursor }),
        });
        seen.push(...page.items.map(({ record }) => record.id));
        cursor = page.cursor;
        await items.delete(leaving[round]?.id ?? '');
        await items.create(item({ owner, createdAt: 1003 + round * 30 }));
        round += 1;
      } while (cursor !== undefined);
      expect(new Set(seen).size).toBe(seen.length);
      for (const { id } of lasting) expect(seen).toContain(id);
    },
  },
  {
    id: 'list.concurrent-inserts',
    title:
      'shows every record that was there before, once and in order, while many are created on all sides of the cursor',
    async run({ items, item, unique }) {
      const owner = unique();
      const lasting = Array.from({ length: 60 }, (_, index) => item({ owner, createdAt: 1000 + index * 10 }));
      await race(60, (index) => items.create(lasting[index] ?? item()));
      const before = new Set(lasting.map(({ id }) => id));
      let inserting = true;
      const insert = async (worker: number): Promise<number> => {
        let made = 0;
        // At the least so many, or there would be none where a listing answers at once.
        for (; inserting || made < 20; made += 1)
          await items.create(item({ owner, createdAt: 995 + ((made * 7 + worker) % 640) }));
        return made;
      };
      const inserters = [0, 1, 2].map(insert);
      const seen: ConformanceItem[] = [];
      let cursor: string | undefined;
      do {
        const page = await items.list({
          index: 'owner',
          value: owner,
          limit: 25,
          ...(cursor === undefined ? {} : { cursor }),
        });
        seen.push(...page.items.map(({ record }) => record));
        cursor = page.cursor;
      } while (cursor !== undefined && seen.length < 5000);
      inserting = false;
      await Promise.all(inserters);
      expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
      expect(seen.filter(({ id }) => before.has(id)).map(({ id }) => id)).toEqual(
        lasting.map(({ id }) => id).toReversed(),
      );
      expect(seen).toEqual(seen.toSorted(compareRecords).reverse());
    },
  },
  {
    id: 'list.indexed-only',
    title: 'finds a record by each of its indexes, and not by an index whose field it lacks',
    async run({ items, item, unique }) {
      const tenant = unique();
      const owner = unique();
      const both = item({ owner, tenant, createdAt: 2 });
      const ownerOnly = item({ owner, createdAt: 1 });
      await items.create(both);
      await items.create(ownerOnly);
      expect(await listAll(items, 'owner', owner)).toEqual([both, ownerOnly]);
      expect(await listAll(items, 'tenant', tenant)).toEqual([both]);
      for (const value of ['null', 'undefined', '']) expect(await listAll(items, 'tenant', value)).toEqual([]);
    },
  },
  {
    id: 'list.refuses-misuse',
    title: 'throws coded errors for a bad limit, an index it does not have and a cursor that no listing gave',
    async run({ items }) {
      for (const limit of [0, -1, 1.5, 1001, Number.NaN]) {
        expect(await codeOf(() => items.list({ index: 'owner', value: 'x', limit }))).toBe('invalid_option');
        expect(await codeOf(() => items.scan({ limit }))).toBe('invalid_option');
      }
      for (const index of ['id', 'data', 'owner; --', '__proto__'] as readonly string[] as readonly 'owner'[]) {
        expect(await codeOf(() => items.list({ index, value: 'x', limit: 1 }))).toBe('invalid_option');
        expect(await codeOf(() => items.deleteWhere(index, 'x'))).toBe('invalid_option');
      }
      for (const cursor of [
        '',
        'x',
        '1',
        '1.',
        '-1.a',
        '01.a',
        '1e3.a',
        `1.${'x'.repeat(256)}`,
        "1.\0' OR 1=1",
        '99999999999999999.a',
      ]) {
        expect([cursor, await codeOf(() => items.list({ index: 'owner', value: 'x', limit: 1, cursor }))]).toEqual([
          cursor,
          'invalid_cursor',
        ]);
      }
    },
  },
  {
    id: 'scan.every-record-once',
    title: 'passes every living record once, on pages of any size, and no expired one',
    async run({ collection, item, now, advance, unique }) {
      const scanned = collection('conformance_scan');
      const owner = unique();
      const expired = item({ owner, expiresAt: now() + 1 });
      const records = Array.from({ length: 57 }, () => item({ owner }));
      await race(58, (index) => scanned.create(records[index] ?? expired));
      advance(1);
      for (const limit of [1, 10, 57, 1000]) {
        expect((await scanAll(scanned, limit)).toSorted()).toEqual(records.map(({ id }) => id).toSorted());
      }
    },
  },
  {
    id: 'sweep.bounded',
    title: 'deletes expired records in batches of the size asked, and no living one',
    async run({ collection, item, now, advance, unique }) {
      const swept = collection('conformance_sweep');
      const owner = unique();
      const living = item({ owner });
      const renewed = item({ owner, expiresAt: now() + 1000 });
      const expiring = Array.from({ length: 25 }, () => item({ owner, expiresAt: now() + 1000 }));
      await race(27, (index) => swept.create([living, renewed, ...expiring][index] ?? living));
      await swept.touch([{ id: renewed.id, touchedAt: now(), expiresAt: now() + 10 * 3_600_000 }]);
      // Sweeping may lag by up to an hour behind expiry.
      advance(2 * 3_600_000);
      const first = await swept.deleteExpired(10);
      expect(first).toBeGreaterThan(0);
      expect(first).toBeLessThanOrEqual(10);
      let rest = 0;
      for (let batch = first; batch > 0; rest += batch) batch = await swept.deleteExpired(10);
      expect(first + rest).toBe(25);
      expect((await listAll(swept, 'owner', owner)).map(({ id }) => id).toSorted()).toEqual(
        [living.id, renewed.id].toSorted(),
      );
      expect(await codeOf(() => swept.deleteExpired(0))).toBe('invalid_option');
    },
  },
];

async function scanAll(scanned: Collection<ConformanceItem>, limit: number): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await scanned.scan({ limit, ...(cursor === undefined ? {} : { cursor }) });
    ids.push(...page.items.map(({ record }) => record.id));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return ids;
}
