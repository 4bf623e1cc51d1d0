import { expect } from 'vitest';
import { requirement } from '../../requirement.js';
import fc from 'fast-check';
import { type StorageCase, codeOf } from '../storage-case.js';

const codePoint = fc.oneof(fc.integer({ min: 1, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }));
const storableText = fc.string({ unit: codePoint.map((code) => String.fromCodePoint(code)), maxLength: 40 });
const storableJson = fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 4 }).filter((value) => {
  const text = JSON.stringify(value);
  return !/\\u0000|\\ud[89a-f]/i.test(text) && !hasUnsafeNumber(value);
});

/** Points 2 and 9: expiry to the millisecond, and data that comes back as it went. */
export const readCases: readonly StorageCase[] = [
  {
    id: 'get.absent',
    title: 'is undefined for an id that was never there',
    async run({ items, unique }) {
      expect(await items.get(unique())).toBeUndefined();
      expect(await items.get(unique(), { fresh: true })).toBeUndefined();
    },
  },
  {
    id: 'get.exact-millisecond',
    title: `sees a record until the millisecond before expiresAt, and never from it on ${requirement('D2')}`,
    async run({ items, item, now, advance }) {
      const record = item({ expiresAt: now() + 5000 });
      await items.create(record);
      advance(4999);
      expect((await items.get(record.id))?.record).toEqual(record);
      advance(1);
      expect(await items.get(record.id)).toBeUndefined();
      expect(await items.get(record.id, { fresh: true })).toBeUndefined();
      expect((await items.list({ index: 'owner', value: record.owner, limit: 10 })).items).toEqual([]);
      expect(await items.update(record.id, 'any', record)).toBeUndefined();
      expect(await items.delete(record.id)).toBe(false);
      expect(await items.take(record.id)).toBeUndefined();
    },
  },
  {
    id: 'get.born-expired',
    title: 'never sees a record that was created expired',
    async run({ items, item, now }) {
      const record = item({ expiresAt: now() });
      await items.create(record);
      expect(await items.get(record.id)).toBeUndefined();
      expect(await items.take(record.id)).toBeUndefined();
    },
  },
  {
    id: 'get.round-trip',
    title: 'gives back any JSON data and any text, unchanged',
    async run({ items, item }) {
      await fc.assert(
        fc.asyncProperty(storableJson, storableText, async (value, text) => {
          const record = item({ data: { value, text, [`key ${text}`]: 1 } });
          await items.create(record);
          // JSON has no -0.
          expect((await items.get(record.id))?.record).toEqual(JSON.parse(JSON.stringify(record)));
        }),
        { numRuns: 60 },
      );
    },
  },
  {
    id: 'get.proto-field',
    title: 'keeps a field named __proto__ as data',
    async run({ items, item }) {
      const record = item({ data: JSON.parse('{"__proto__":{"admin":true},"constructor":"x"}') as unknown });
      await items.create(record);
      const data = (await items.get(record.id))?.record.data as Record<string, unknown>;
      expect(Object.keys(data).sort()).toEqual(['__proto__', 'constructor']);
      expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
      expect(data['admin']).toBeUndefined();
    },
  },
  {
    id: 'get.megabyte',
    title: 'gives back a record of a megabyte',
    async run({ items, item }) {
      const record = item({ data: { text: 'é😀x'.repeat(150_000) } });
      await items.create(record);
      const read = (await items.get(record.id))?.record;
      // Compared as a boolean: a failed comparison of megabytes is not worth printing.
      expect(JSON.stringify(read?.data) === JSON.stringify(record.data)).toBe(true);
    },
  },
  {
    id: 'get.aborted',
    title: 'throws storage_unavailable for every kind of call that was given up before it began, and does nothing',
    async run({ storage: { counters }, items, item, now }) {
      const record = item();
      const given = item();
      const rule = { algorithm: 'fixed-window', limit: 3, windowMs: 1000 } as const;
      const call = { signal: AbortSignal.abort() };
      const version = (await items.create(record)) ?? '';
      const calls: Record<string, () => unknown> = {
        create: () => items.create(given, call),
        get: () => items.get(record.id, call),
        fresh: () => items.get(record.id, { ...call, fresh: true }),
        update: () => items.update(record.id, version, { ...record, data: 2 }, call),
        touch: () => items.touch([{ id: record.id, touchedAt: now() + 1 }], call),
        take: () => items.take(record.id, call),
        delete: () => items.delete(record.id, call),
        list: () => items.list({ index: 'owner', value: record.owner, limit: 10 }, call),
        deleteWhere: () => items.deleteWhere('owner', record.owner, call),
        scan: () => items.scan({ limit: 10 }, call),
        deleteExpired: () => items.deleteExpired(10, call),
        consume: () => counters.consume(record.id, rule, call),
        reset: () => counters.reset(record.id, call),
      };
      for (const [name, work] of Object.entries(calls))
        expect([name, await codeOf(work)]).toEqual([name, 'storage_unavailable']);
      expect(await items.get(record.id)).toEqual({ record, version });
      expect(await items.get(given.id)).toBeUndefined();
      expect((await counters.consume(record.id, rule, { cost: 0 })).remaining).toBe(3);
    },
  },
];

function hasUnsafeNumber(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasUnsafeNumber);
}
