import { type CounterRule, type Counters, sweepWidthMs } from '@portcullis/core/storage';
import { expect } from 'vitest';
import { type ConformanceItem, type StorageCase, type StorageContext, race } from '../storage-case.js';

const skewMs = 60_000;

// A process whose clock is behind by a minute, and one that is ahead by one, with the same records.
const peers = async ({ another, now }: StorageContext) => {
  const [behind, ahead] = [await another(() => now() - skewMs), await another(() => now() + skewMs)];
  const itemsOf = (storage: typeof behind) =>
    storage.collection<ConformanceItem>({ name: 'conformance_items', indexes: ['owner', 'tenant'] });
  return { behind: itemsOf(behind), ahead: itemsOf(ahead), counters: [behind.counters, ahead.counters] as const };
};

/** Point 8: each process goes by its own clock, and no clock of another undoes what was acknowledged. */
export const clockCases: readonly StorageCase[] = [
  {
    id: 'clocks.expiry',
    title: 'lets each process see a record until its own clock says that it has expired',
    async run(context) {
      const { items, item, now, advance } = context;
      const { behind, ahead } = await peers(context);
      const record = item({ expiresAt: now() + skewMs });
      await items.create(record);
      expect(await ahead.get(record.id)).toBeUndefined();
      expect((await items.get(record.id))?.record).toEqual(record);
      advance(skewMs);
      expect(await items.get(record.id)).toBeUndefined();
      expect((await behind.get(record.id))?.record).toEqual(record);
      advance(skewMs);
      expect(await behind.get(record.id)).toBeUndefined();
    },
  },
  {
    id: 'clocks.replaced',
    title: 'has one winner of 50 creators in three processes, over a record that has expired for some of them',
    async run(context) {
      const { items, item, now } = context;
      const { behind, ahead } = await peers(context);
      const base = item({ expiresAt: now() + 1000 });
      await items.create(base);
      const { expiresAt: _, ...lasting } = base;
      const versions = await race(50, (index) =>
        ([behind, items, ahead][index % 3] ?? items).create({ ...lasting, data: index }),
      );
      expect(versions.filter((version) => version !== undefined)).toHaveLength(1);
      const winner = versions.findIndex((version) => version !== undefined);
      expect(winner % 3).toBe(2);
      for (const each of [behind, items, ahead])
        expect(await each.get(base.id)).toEqual({ record: { ...lasting, data: winner }, version: versions[winner] });
    },
  },
  {
    id: 'clocks.revoked',
    title:
      'shows a process whose clock is behind nothing that another has revoked or swept, though it had expired there',
    async run(context) {
      const { items, item, now, advance, unique } = context;
      const { behind, ahead } = await peers(context);
      const owner = unique();
      const records = Array.from({ length: 4 }, () => item({ owner, expiresAt: now() + 1000 }));
      await race(4, (index) => items.create(records[index] ?? item()));
      const [first, second, third, fourth] = records.map(({ id }) => id) as [string, string, string, string];
      expect(await ahead.delete(first)).toBe(false);
      expect(await ahead.take(second)).toBeUndefined();
      for (const id of [first, second]) expect(await behind.get(id)).toBeUndefined();
      expect(await ahead.deleteWhere('owner', owner)).toBe(0);
      for (const id of [third, fourth]) expect(await behind.get(id)).toBeUndefined();
      const later = item({ owner, expiresAt: now() + 1 });
      await items.create(later);
      advance(2 * sweepWidthMs);
      while ((await ahead.deleteExpired(100)) > 0);
      expect(await behind.get(later.id)).toBeUndefined();
    },
  },
  {
    id: 'clocks.touch',
    title: 'keeps the latest touch, whichever clock it came from, and revives nothing',
    async run(context) {
      const { items, item, now } = context;
      const { behind, ahead } = await peers(context);
      const at = now();
      const record = item({ expiresAt: at + 10 * skewMs });
      await items.create(record);
      await ahead.touch([{ id: record.id, touchedAt: at + skewMs, expiresAt: at + 12 * skewMs }]);
      await behind.touch([{ id: record.id, touchedAt: at - skewMs, expiresAt: at + 11 * skewMs }]);
      expect((await items.get(record.id))?.record).toEqual({
        ...record,
        touchedAt: at + skewMs,
        expiresAt: at + 12 * skewMs,
      });
      const ended = item({ expiresAt: at + 1 });
      await items.create(ended);
      await ahead.touch([{ id: ended.id, touchedAt: at + skewMs, expiresAt: at + 20 * skewMs }]);
      expect((await items.get(ended.id))?.record).toEqual(ended);
    },
  },
  {
    id: 'clocks.counters',
    title: 'gives no unit back when the clock of the next caller is behind, and counts each once',
    async run(context) {
      const { storage, unique, now } = context;
      const { counters } = await peers(context);
      const [behind, ahead] = counters;
      for (const algorithm of ['fixed-window', 'gcra'] as const) {
        const rule: CounterRule = { algorithm, limit: 30, windowMs: 3_600_000 };
        const key = unique();
        // The first is of the clock that is ahead: no other can open a window before its own.
        let allowed = (await ahead.consume(key, rule)).allowed ? 1 : 0;
        const all: readonly Counters[] = [behind, storage.counters, ahead];
        const answers = await race(60, (index) => (all[index % 3] ?? behind).consume(key, rule));
        allowed += answers.filter((answer) => answer.allowed).length;
        // In a minute or two, no unit of an hour for 30 flows back but one.
        expect([30, 31]).toContain(allowed);
        const refused = await behind.consume(key, rule, { cost: 2 });
        expect(refused.allowed).toBe(false);
        expect(refused.retryAt).toBeGreaterThan(now());
      }
    },
  },
];
