import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CounterRule,
  type CounterState,
  consumeCounter,
  counterExpiry,
  never,
  parseConsume,
} from '../../src/storage/index.js';

const start = 1_767_225_600_000;
const gcra = fc.record({
  algorithm: fc.constant('gcra' as const),
  limit: fc.integer({ min: 1, max: 1_000_000 }),
  windowMs: fc.integer({ min: 1, max: 1_000_000_000 }),
  burst: fc.integer({ min: 1, max: 1_000_000 }),
});
const fixed = fc.record({
  algorithm: fc.constant('fixed-window' as const),
  limit: fc.integer({ min: 1, max: 1_000_000 }),
  windowMs: fc.integer({ min: 1, max: 1_000_000_000 }),
});
const steps = fc.array(
  fc.record({
    cost: fc.nat({ max: 1_200_000 }),
    force: fc.boolean(),
    pause: fc.integer({ min: -1000, max: 2_000_000_000 }),
  }),
  { maxLength: 30 },
);

interface Asked {
  readonly cost: number;
  readonly force: boolean;
  readonly pause: number;
}

function* run(rule: CounterRule, asked: readonly Asked[]) {
  let state: CounterState | undefined;
  let now = start;
  for (const { cost, force, pause } of asked) {
    now += pause;
    const step = consumeCounter(state, { rule, cost, force, now });
    yield { ...step, before: state, now, cost, force };
    state = step.state ?? state;
  }
}

describe('consumeCounter', () => {
  it('stores safe integers only, whatever the rule, the cost and the clock', () => {
    fc.assert(
      fc.property(fc.oneof(gcra, fixed), steps, (rule, asked) => {
        for (const { state, consumption } of run(rule, asked)) {
          for (const value of [consumption.remaining, consumption.resetAt, consumption.retryAt])
            expect(Number.isSafeInteger(value)).toBe(true);
          if (state === undefined) continue;
          for (const value of [state.used, state.at, counterExpiry(state, rule)])
            expect(Number.isSafeInteger(value)).toBe(true);
        }
      }),
    );
  });

  it('stays within safe integers when forced past every bound', () => {
    for (const rule of [
      { algorithm: 'fixed-window', limit: 1, windowMs: Number.MAX_SAFE_INTEGER },
      { algorithm: 'gcra', limit: 1, windowMs: Number.MAX_SAFE_INTEGER },
    ] as const) {
      const forced = { rule, cost: Number.MAX_SAFE_INTEGER, force: true, now: start };
      const { state, consumption } = consumeCounter(consumeCounter(undefined, forced).state, forced);
      expect(state).toMatchObject({ used: Number.MAX_SAFE_INTEGER });
      expect(Number.isSafeInteger(consumption.resetAt) && Number.isSafeInteger(state?.at)).toBe(true);
      expect(consumeCounter(state, { ...forced, force: false }).consumption).toMatchObject({
        allowed: false,
        retryAt: never,
      });
    }
  });

  it('allows a refused cost at retryAt and not a millisecond earlier', () => {
    fc.assert(
      fc.property(fc.oneof(gcra, fixed), steps, (rule, asked) => {
        const burst = rule.algorithm === 'gcra' ? rule.burst : rule.limit;
        for (const { consumption, before, cost, now } of run(rule, asked)) {
          const again = (at: number): boolean =>
            consumeCounter(before, { rule, cost, force: false, now: at }).consumption.allowed;
          const { allowed, retryAt } = consumption;
          expect(allowed || cost <= burst || retryAt === never).toBe(true);
          expect(allowed || cost > burst || (retryAt > now && !again(retryAt - 1) && again(retryAt))).toBe(true);
        }
      }),
    );
  });

  it('never allows more in any stretch of time than burst and what flows back in it', () => {
    fc.assert(
      fc.property(gcra, steps, (rule, asked) => {
        const allowed = [
          ...run(
            rule,
            asked.map((each) => ({ ...each, force: false, pause: Math.max(0, each.pause) })),
          ),
        ].filter((each) => each.state !== undefined);
        for (let from = 0; from < allowed.length; from += 1) {
          let units = 0n;
          for (const each of allowed.slice(from)) {
            units += BigInt(each.cost);
            const passed = BigInt(each.now - (allowed[from]?.now ?? 0));
            // units <= burst + passed * limit / window, without a division.
            expect(
              units * BigInt(rule.windowMs) <= BigInt(rule.burst) * BigInt(rule.windowMs) + passed * BigInt(rule.limit),
            ).toBe(true);
          }
        }
      }),
    );
  });

  it('neither refills nor restarts a counter for a clock that runs behind', () => {
    for (const rule of [
      { algorithm: 'fixed-window', limit: 2, windowMs: 1000 },
      { algorithm: 'gcra', limit: 2, windowMs: 1000 },
    ] as const) {
      const used = consumeCounter(undefined, { rule, cost: 2, force: false, now: start }).state;
      expect(used).toBeDefined();
      const behind = consumeCounter(used, { rule, cost: 1, force: false, now: start - 100_000 });
      expect(behind.consumption.allowed).toBe(false);
      const forced = consumeCounter(used, { rule, cost: 1, force: true, now: start - 100_000 });
      expect(forced.state?.at).toBe(used?.at);
    }
  });

  it('keeps what is used when limit or burst changes, and starts anew for another rule', () => {
    const rule = { algorithm: 'gcra', limit: 10, windowMs: 1000 } as const;
    const used = consumeCounter(undefined, { rule, cost: 8, force: false, now: start }).state;
    const ask = (next: CounterRule): number =>
      consumeCounter(used, { rule: next, cost: 0, force: false, now: start }).consumption.remaining;
    expect(ask({ ...rule, limit: 20 })).toBe(12);
    expect(ask({ ...rule, burst: 9 })).toBe(1);
    expect(ask({ ...rule, windowMs: 2000 })).toBe(10);
    expect(ask({ ...rule, algorithm: 'fixed-window' })).toBe(10);
  });
});

describe('parseConsume', () => {
  it('gives the defaults: one unit, not forced', () => {
    const rule = { algorithm: 'fixed-window', limit: 1, windowMs: 1 } as const;
    expect(parseConsume('k', rule, undefined)).toEqual({ rule, cost: 1, force: false });
  });
});
