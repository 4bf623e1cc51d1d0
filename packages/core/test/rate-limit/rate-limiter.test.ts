import { fakeClock, requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { type Item, type List, parseList } from 'structured-headers';
import { describe, expect, it, vi } from 'vitest';
import { CoreError, StorageUnavailableError } from '../../src/errors/core-errors.js';
import { createEvents } from '../../src/events/events.js';
import { createProblem } from '../../src/guard/problem.js';
import type { HeaderField } from '../../src/guard/request.js';
import {
  createRateLimiter,
  type OverLimit,
  type RateLimiterOptions,
  type RateLimitEvents,
  type RateLimitResult,
  rateLimitHeaders,
  type WithinLimit,
} from '../../src/rate-limit/index.js';
import { createMemoryStorage } from '../../src/storage/memory-storage.js';
import type { Counters, FixedWindow, Gcra } from '../../src/storage/storage.js';
import { anyText } from '../any-text.js';
import vectors from '../vectors/rate-limit-fields.json' with { type: 'json' };

const perMinute: FixedWindow = { algorithm: 'fixed-window', limit: 3, windowMs: 60_000 };
const perDay: FixedWindow = { algorithm: 'fixed-window', limit: 5, windowMs: 86_400_000 };
const smooth: Gcra = { algorithm: 'gcra', limit: 60, windowMs: 60_000, burst: 2 };

function setUp(options: Partial<RateLimiterOptions> = {}) {
  const clock = fakeClock();
  const storage = createMemoryStorage({ clock });
  const limiter = createRateLimiter({ name: 'api', storage, rules: perMinute, clock, ...options });
  const consume = (key = 'k', cost?: number): RateLimitResult =>
    limiter.consume(key, cost === undefined ? {} : { cost }) as RateLimitResult;
  const within = (key?: string, cost?: number): WithinLimit => {
    const result = consume(key, cost);
    if (result.outcome !== 'allowed') throw new Error(`${result.outcome} in place of allowed`);
    return result;
  };
  const over = (key?: string, cost?: number): OverLimit => {
    const result = consume(key, cost);
    if (result.outcome !== 'limited') throw new Error(`${result.outcome} in place of limited`);
    return result;
  };
  return { clock, storage, limiter, consume, within, over };
}

const field = (headers: readonly HeaderField[] | undefined, name: string): string | undefined =>
  headers?.find(([key]) => key === name)?.[1];
const items = (
  value: string | undefined,
): readonly [name: unknown, parameters: Readonly<Record<string, unknown>>][] => {
  const list: List = parseList(value ?? '');
  return list.map((entry) => [(entry as Item)[0], Object.fromEntries(entry[1])]);
};

/** Counters that fail, now or later. */
const down = (fail: () => never | Promise<never>): { readonly counters: Counters } => ({
  counters: { consume: fail, reset: fail },
});
const throws = (): never => {
  throw new StorageUnavailableError();
};
const rejects = (): Promise<never> => Promise.reject(new StorageUnavailableError());

describe('createRateLimiter', () => {
  it('lets the quota through, then refuses until the window ends, each key for itself', () => {
    const { clock, within, over, limiter } = setUp();
    for (const left of [2, 1, 0]) expect(within().states[0]?.remaining).toBe(left);
    expect(over().retryAfterSeconds).toBe(60);
    within('other');
    clock.advance(59_999);
    over();
    clock.advance(1);
    within();
    for (let i = 0; i < 2; i++) within();
    over();
    void limiter.reset('k');
    expect(within().states[0]?.remaining).toBe(2);
  });

  it(`writes RateLimit-Policy as a structured list of named items with q ${requirement('L4')}`, () => {
    const { within } = setUp({ rules: { daily: perDay, burst: smooth } });
    expect(items(field(within().headers, 'ratelimit-policy'))).toEqual([
      ['burst', { q: 60, w: 60 }],
      ['daily', { q: 5, w: 86_400 }],
    ]);
    const policies = vectors.valid.find((row) => row.field === 'RateLimit-Policy')?.value ?? '';
    const burst = {
      name: 'burst',
      rule: { ...perMinute, limit: 100 },
      remaining: 1,
      violated: false,
      until: 0,
      fitsAt: 0,
    };
    const daily = { ...burst, name: 'daily', rule: { ...perDay, limit: 1000 } };
    expect(items(field(rateLimitHeaders([burst, daily], { now: 0 }), 'ratelimit-policy'))).toEqual(items(policies));
  });

  it(`writes RateLimit with r, and t in seconds that are no epoch ${requirement('L5')}`, () => {
    const { clock, within, over } = setUp();
    const example = vectors.valid.find((row) => row.field === 'RateLimit')?.value;
    const state = { name: 'default', rule: perMinute, remaining: 50, violated: false, until: 1_000_030_000, fitsAt: 0 };
    expect(field(rateLimitHeaders([state], { now: 1_000_000_000 }), 'ratelimit')).toBe(example);
    expect(items(field(within().headers, 'ratelimit'))).toEqual([['api', { r: 2, t: 60 }]]);
    clock.advance(29_500);
    expect(items(field(within().headers, 'ratelimit'))).toEqual([['api', { r: 1, t: 31 }]]);
    within();
    expect(items(field(over().denial.headers, 'ratelimit'))).toEqual([['api', { r: 0, t: 31 }]]);
  });

  it('writes fields that a structured-field parser takes, whatever the rules', () => {
    const limit = fc.integer({ min: 1, max: 1_000_000 });
    const rule = fc.record({
      algorithm: fc.constantFrom('fixed-window' as const, 'gcra' as const),
      limit,
      windowMs: fc.integer({ min: 1, max: 1e9 }),
    });
    const rules = fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_.-]{0,9}$/), rule, {
      minKeys: 1,
      maxKeys: 3,
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(rules, fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }), (named, costs) => {
        const { consume } = setUp({ rules: named });
        for (const cost of costs) {
          const result = consume('k', cost);
          if (result.outcome === 'unavailable') throw result.cause;
          const headers = result.outcome === 'allowed' ? result.headers : result.denial.headers;
          for (const name of ['ratelimit', 'ratelimit-policy']) {
            expect(new Set(items(field(headers, name)).map(([key]) => key))).toEqual(new Set(Object.keys(named)));
          }
        }
      }),
    );
  });

  it(`answers 429 that no cache keeps, with Retry-After ${requirement('L3')}`, () => {
    const { within, over } = setUp();
    for (let i = 0; i < 3; i++) within();
    const { denial } = over();
    expect(denial.status).toBe(429);
    expect(field(denial.headers, 'cache-control')).toBe('no-store');
    expect(field(denial.headers, 'retry-after')).toBe('60');
  });

  it(`leaves the old RateLimit-Limit, -Remaining and -Reset out unless asked ${requirement('L6')}`, () => {
    const names = (headers: readonly HeaderField[] | undefined): readonly string[] =>
      (headers ?? []).map(([name]) => name);
    expect(names(setUp().within().headers)).toEqual(['ratelimit-policy', 'ratelimit']);
    const { within, over } = setUp({ legacyHeaders: true, rules: { minute: perMinute, day: { ...perDay, limit: 2 } } });
    const { headers } = within();
    expect(['limit', 'remaining', 'reset'].map((name) => field(headers, `ratelimit-${name}`))).toEqual([
      '2',
      '1',
      '86400',
    ]);
    within();
    expect(names(over().denial.headers)).toContain('ratelimit-reset');
  });

  it(`never gives a Retry-After before the end of a violated policy's window ${requirement('L7')}`, () => {
    const rule = fc.oneof(
      fc.record({
        algorithm: fc.constant('fixed-window' as const),
        limit: fc.integer({ min: 1, max: 5 }),
        windowMs: fc.integer({ min: 1, max: 90_000 }),
      }),
      fc.record({
        algorithm: fc.constant('gcra' as const),
        limit: fc.integer({ min: 1, max: 5 }),
        windowMs: fc.integer({ min: 1, max: 90_000 }),
      }),
    );
    const steps = fc.array(fc.record({ wait: fc.nat(20_000), cost: fc.integer({ min: 0, max: 3 }) }), {
      maxLength: 25,
    });
    fc.assert(
      fc.property(rule, rule, steps, (a, b, list) => {
        const { clock, consume } = setUp({ rules: { a, b } });
        for (const { wait, cost } of list) {
          clock.advance(wait);
          const result = consume('k', cost);
          if (result.outcome !== 'limited') continue;
          const times = new Map(
            items(field(result.denial.headers, 'ratelimit')).map(([name, { t }]) => [name, Number(t)]),
          );
          const violated = result.denial.extensions?.['violated-policies'] as readonly string[];
          expect(violated.length).toBeGreaterThan(0);
          for (const name of violated)
            expect(result.retryAfterSeconds).toBeGreaterThanOrEqual(times.get(name) ?? Number.NaN);
          // And who waits that long gets through, unless the cost is more than a whole quota.
          if (cost > Math.min(a.limit, b.limit)) continue;
          clock.advance(result.retryAfterSeconds * 1000);
          expect(consume('k', cost).outcome).toBe('allowed');
        }
      }),
      { numRuns: 200 },
    );
  });

  it(`names every violated policy in a quota-exceeded problem ${requirement('L8')}`, () => {
    const { within, over } = setUp({
      rules: { minute: perMinute, day: { ...perDay, limit: 3 }, large: { ...perDay, limit: 100 } },
    });
    for (let i = 0; i < 3; i++) within();
    const { denial, retryAfterSeconds } = over();
    const known = vectors.problemTypes.find(({ type }) => type.endsWith('#quota-exceeded'));
    const problem = createProblem(denial);
    expect(problem).toMatchObject({ type: known?.type, status: known?.status, 'violated-policies': ['minute', 'day'] });
    expect(problem.title).not.toBe('Too Many Requests');
    expect(retryAfterSeconds).toBe(86_400);
  });

  it('stops at the shortest window, so that refused requests do not use up the longer quota', () => {
    const { clock, within, over } = setUp({ rules: { day: perDay, minute: perMinute } });
    for (let i = 0; i < 3; i++) within();
    for (let i = 0; i < 50; i++) over();
    clock.advance(60_000);
    expect(within().states.map(({ name, remaining }) => [name, remaining])).toEqual([
      ['minute', 2],
      ['day', 1],
    ]);
  });

  it('charges by cost, and asks without charging for 0', () => {
    const { within, over } = setUp();
    expect(within('k', 0).states[0]?.remaining).toBe(3);
    within('k', 2);
    over('k', 2);
    expect(within('k', 1).states[0]?.remaining).toBe(0);
    expect(over('x', 4).retryAfterSeconds).toBeGreaterThanOrEqual(1);
  });

  it('lets units flow back evenly under GCRA', () => {
    const { clock, within, over } = setUp({ rules: smooth });
    within();
    within();
    expect(over().retryAfterSeconds).toBe(1);
    clock.advance(1000);
    within();
    over();
  });

  it('refuses with 503 when the counters do not answer, now or later', async () => {
    for (const fail of [throws, rejects]) {
      const events = createEvents<RateLimitEvents>();
      const heard = vi.fn();
      events.on('rate_limit.unavailable', heard);
      const { limiter } = setUp({ storage: down(fail), events });
      const result = await limiter.consume('k');
      expect(result).toMatchObject({ outcome: 'unavailable', denial: { code: 'unavailable', status: 503 } });
      expect(heard).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ limiter: 'api', allowed: false }));
    }
  });

  it('lets through on an outage only by the option with the alarming name, and says that it did not count', async () => {
    for (const fail of [throws, rejects]) {
      const { limiter } = setUp({ storage: down(fail), dangerouslyAllowOnOutage: true });
      expect(await limiter.consume('k')).toEqual({ outcome: 'allowed', counted: false, headers: [], states: [] });
    }
  });

  it('throws on misuse, and never lets it through as an outage', async () => {
    const { limiter } = setUp({ dangerouslyAllowOnOutage: true });
    for (const cost of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => limiter.consume('k', { cost })).toThrow(/^cost: /);
    expect(() => limiter.consume('')).toThrow(/^key: /);
    const late = setUp({
      storage: down(() => Promise.reject(new CoreError('invalid_record'))),
      dangerouslyAllowOnOutage: true,
    });
    await expect(late.limiter.consume('k')).rejects.toMatchObject({ code: 'invalid_record' });
  });

  it('takes any key, and keeps those apart that only look alike', () => {
    const { within, limiter } = setUp();
    fc.assert(
      fc.property(anyText({ minLength: 1, maxLength: 400 }), (key) => {
        void limiter.reset(key);
        expect(within(key).states[0]?.remaining).toBe(2);
      }),
    );
    const spy = vi.fn<Counters['consume']>(() => ({ allowed: true, remaining: 1, resetAt: 0, retryAt: 0 }));
    const { consume } = setUp({ storage: { counters: { consume: spy, reset: vi.fn() } }, rules: { a: perMinute } });
    for (const key of ['k1', 'ada@example.org', 'x'.repeat(1000), '='.repeat(3)]) consume(key);
    const stored = spy.mock.calls.map(([key]) => key);
    expect(stored[0]).toBe('api:a:k1');
    expect(stored.slice(1).every((key) => /^api:a:=[\w-]{43}$/.test(key))).toBe(true);
    expect(new Set(stored).size).toBe(4);
    consume((stored[1] ?? '').slice('api:a:'.length));
    expect(spy.mock.calls.at(-1)?.[0]).not.toBe(stored[1]);
  });

  it('works the same over counters that answer later', async () => {
    const clock = fakeClock();
    const { counters } = createMemoryStorage({ clock });
    const later: Counters = {
      consume: async (...args) => counters.consume(...args),
      reset: async (...args) => counters.reset(...args),
    };
    const limiter = createRateLimiter({
      name: 'api',
      storage: { counters: later },
      rules: { minute: perMinute, day: perDay },
      clock,
    });
    const results = await Promise.all(Array.from({ length: 20 }, async () => limiter.consume('k')));
    expect(results.filter(({ outcome }) => outcome === 'allowed')).toHaveLength(3);
    await limiter.reset('k');
    expect((await limiter.consume('k')).outcome).toBe('allowed');
  });

  it('reports who hit which limit, without the key', () => {
    const events = createEvents<RateLimitEvents>();
    const heard = vi.fn();
    events.on('*', heard);
    const { within, over } = setUp({ events });
    for (let i = 0; i < 3; i++) within('secret-looking');
    over('secret-looking');
    expect(heard).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ type: 'rate_limit.exceeded', limiter: 'api', policies: ['api'] }),
    );
    expect(JSON.stringify(heard.mock.calls)).not.toContain('secret-looking');
  });

  it('refuses a wrong configuration, naming the option', () => {
    const wrong: [RegExp, Partial<RateLimiterOptions>][] = [
      [/^name: /, { name: '' }],
      [/^name: /, { name: 'A"b' }],
      [/^rules: /, { rules: {} }],
      [/^rules\.a b: /, { rules: { 'a b': perMinute } }],
      [/^limit: /, { rules: { ...perMinute, limit: 0 } }],
      [/^windowMs: /, { rules: { a: { ...perMinute, windowMs: 1.5 } } }],
      [/^burst: /, { rules: { ...smooth, burst: -1 } }],
      [/^rules\.api\.limit: /, { rules: { ...perMinute, limit: 1_000_000_000_000_000 } }],
    ];
    for (const [message, options] of wrong) expect(() => setUp(options)).toThrow(message);
  });
});
