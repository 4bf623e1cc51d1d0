import { type CounterRule, type CounterState, consumeCounter, never } from '@portcullis/core/storage';
import fc from 'fast-check';
import { expect } from 'vitest';
import { type StorageCase, codeOf, race } from '../storage-case.js';

const window: CounterRule = { algorithm: 'fixed-window', limit: 3, windowMs: 1000 };
const cells: CounterRule = { algorithm: 'gcra', limit: 10, windowMs: 1000, burst: 3 };

/** Counters: exact, atomic, and never going backwards. */
export const counterCases: readonly StorageCase[] = [
  {
    id: 'counters.fixed-window',
    title: 'allows so many units a window, which opens at its first use',
    async run({ storage: { counters }, unique, now, advance }) {
      const key = unique();
      const start = now();
      expect(await counters.consume(key, window)).toEqual({
        allowed: true,
        remaining: 2,
        resetAt: start + 1000,
        retryAt: start,
      });
      advance(400);
      expect(await counters.consume(key, window, { cost: 2 })).toEqual({
        allowed: true,
        remaining: 0,
        resetAt: start + 1000,
        retryAt: now(),
      });
      expect(await counters.consume(key, window)).toEqual({
        allowed: false,
        remaining: 0,
        resetAt: start + 1000,
        retryAt: start + 1000,
      });
      advance(600);
      expect(await counters.consume(key, window)).toEqual({
        allowed: true,
        remaining: 2,
        resetAt: now() + 1000,
        retryAt: now(),
      });
    },
  },
  {
    id: 'counters.gcra',
    title: 'lets units flow back evenly, with at most a burst at once',
    async run({ storage: { counters }, unique, now, advance }) {
      const key = unique();
      const start = now();
      for (const remaining of [2, 1, 0])
        expect(await counters.consume(key, cells)).toMatchObject({ allowed: true, remaining });
      expect(await counters.consume(key, cells)).toEqual({
        allowed: false,
        remaining: 0,
        resetAt: start + 300,
        retryAt: start + 100,
      });
      advance(99);
      expect((await counters.consume(key, cells)).allowed).toBe(false);
      advance(1);
      expect(await counters.consume(key, cells)).toEqual({
        allowed: true,
        remaining: 0,
        resetAt: now() + 300,
        retryAt: now(),
      });
      advance(300);
      expect(await counters.consume(key, cells, { cost: 3 })).toMatchObject({ allowed: true, remaining: 0 });
    },
  },
  {
    id: 'counters.refused-uses-nothing',
    title: 'asks with cost 0 and uses nothing, uses nothing when refused, and never allows more than the limit',
    async run({ storage: { counters }, unique, now }) {
      for (const rule of [window, cells]) {
        const key = unique();
        expect(await counters.consume(key, rule, { cost: 0 })).toEqual({
          allowed: true,
          remaining: 3,
          resetAt: now(),
          retryAt: now(),
        });
        expect(await counters.consume(key, rule, { cost: 4 })).toMatchObject({
          allowed: false,
          remaining: 0,
          retryAt: never,
        });
        expect(await counters.consume(key, rule, { cost: 2 })).toMatchObject({ allowed: true, remaining: 1 });
        expect(await counters.consume(key, rule, { cost: 2 })).toMatchObject({ allowed: false, remaining: 0 });
        expect(await counters.consume(key, rule, { cost: 0 })).toMatchObject({ allowed: true, remaining: 1 });
      }
    },
  },
  {
    id: 'counters.force',
    title: 'counts past the limit when forced, and pays that off before it allows again',
    async run({ storage: { counters }, unique, now, advance }) {
      for (const rule of [window, cells]) {
        const key = unique();
        expect(await counters.consume(key, rule, { cost: 5, force: true })).toMatchObject({
          allowed: true,
          remaining: 0,
        });
        const asked = await counters.consume(key, rule, { cost: 0 });
        expect(asked).toMatchObject({ allowed: false, remaining: 0 });
        expect(asked.retryAt).toBeGreaterThan(now());
        advance(asked.retryAt - now());
        expect((await counters.consume(key, rule, { cost: 0 })).allowed).toBe(true);
      }
    },
  },
  {
    id: 'counters.exact',
    title: 'counts every one of many concurrent units, and allows exactly the limit',
    async run({ storage: { counters }, unique, scale }) {
      const half = scale.increments >> 1;
      for (const algorithm of ['fixed-window', 'gcra'] as const) {
        const key = unique();
        const rule: CounterRule = { algorithm, limit: half, windowMs: 3_600_000 };
        let allowed = 0;
        for (let done = 0; done < scale.increments; done += 500) {
          const answers = await race(Math.min(500, scale.increments - done), () => counters.consume(key, rule));
          allowed += answers.filter((answer) => answer.allowed).length;
        }
        expect(allowed).toBe(half);
        expect((await counters.consume(key, rule, { cost: 0 })).remaining).toBe(0);
      }
    },
  },
  {
    id: 'counters.reset',
    title: 'forgets a counter on reset, and no other',
    async run({ storage: { counters }, unique }) {
      const [key, other] = [unique(), unique()];
      for (const each of [key, other]) await counters.consume(each, window, { cost: 3 });
      await counters.reset(key);
      await counters.reset(unique());
      expect(await counters.consume(key, window)).toMatchObject({ allowed: true, remaining: 2 });
      expect((await counters.consume(other, window)).allowed).toBe(false);
    },
  },
  {
    id: 'counters.keys',
    title: 'keeps keys apart and refuses what cannot be one, or a rule out of range',
    async run({ storage: { counters }, unique }) {
      const base = unique();
      for (const key of [base, base.toUpperCase(), `${base} `, `${base}%`, `${base}'--`, '__proto__']) {
        await counters.reset(key);
        expect(await counters.consume(key, window)).toMatchObject({ remaining: 2 });
      }
      for (const key of ['', '\0', '\ud800', 'x'.repeat(256), 7 as unknown as string]) {
        expect(await codeOf(() => counters.consume(key, window))).toBe('invalid_record');
        expect(await codeOf(() => counters.reset(key))).toBe('invalid_record');
      }
      const bad: readonly [Partial<Record<string, unknown>>, number][] = [
        [{ limit: 0 }, 1],
        [{ limit: 1.5 }, 1],
        [{ windowMs: 0 }, 1],
        [{ windowMs: Number.POSITIVE_INFINITY }, 1],
        [{ algorithm: 'other' }, 1],
        [{ algorithm: 'gcra', burst: 0 }, 1],
        [{ algorithm: 'gcra', limit: 2 ** 40, windowMs: 2 ** 20 }, 1],
        [{}, -1],
        [{}, 0.5],
        [{}, Number.NaN],
      ];
      for (const [change, cost] of bad) {
        expect(await codeOf(() => counters.consume(base, { ...window, ...change } as CounterRule, { cost }))).toBe(
          'invalid_option',
        );
      }
    },
  },
  {
    id: 'counters.reference',
    title: 'answers every sequence of costs and pauses as the reference arithmetic does',
    async run({ storage: { counters }, unique, now, advance }) {
      const rule = fc.oneof(
        fc.record({
          algorithm: fc.constant('fixed-window' as const),
          limit: fc.integer({ min: 1, max: 8 }),
          windowMs: fc.integer({ min: 1, max: 50 }),
        }),
        fc.record({
          algorithm: fc.constant('gcra' as const),
          limit: fc.integer({ min: 1, max: 8 }),
          windowMs: fc.integer({ min: 1, max: 50 }),
          burst: fc.integer({ min: 1, max: 8 }),
        }),
      );
      const step = fc.record({
        cost: fc.integer({ min: 0, max: 9 }),
        force: fc.boolean(),
        pause: fc.integer({ min: 0, max: 30 }),
      });
      await fc.assert(
        fc.asyncProperty(rule, fc.array(step, { maxLength: 12 }), async (counterRule, steps) => {
          const key = unique();
          let state: CounterState | undefined;
          for (const { cost, force, pause } of steps) {
            advance(pause);
            const expected = consumeCounter(state, { rule: counterRule, cost, force, now: now() });
            state = expected.state ?? state;
            expect(await counters.consume(key, counterRule, { cost, force })).toEqual(expected.consumption);
          }
        }),
        { numRuns: 60 },
      );
    },
  },
];
