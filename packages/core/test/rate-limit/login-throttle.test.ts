import { fakeClock, requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { CoreError, StorageUnavailableError } from '../../src/errors/core-errors.js';
import { createEvents } from '../../src/events/events.js';
import {
  createLoginThrottle,
  type LoginAttempt,
  type LoginGate,
  type LoginThrottleEvents,
  type LoginThrottleOptions,
} from '../../src/rate-limit/index.js';
import type { Secret } from '../../src/runtime/secret.js';
import { createMemoryStorage } from '../../src/storage/memory-storage.js';
import type { Counters } from '../../src/storage/storage.js';

const key = new Uint8Array(32).fill(5);
const hour = 3_600_000;

function setUp(options: Partial<LoginThrottleOptions> = {}) {
  const clock = fakeClock();
  const throttle = createLoginThrottle({ storage: createMemoryStorage({ clock }), key, clock, ...options });
  return {
    clock,
    throttle,
    attempt: (attempt: LoginAttempt): LoginGate => throttle.attempt(attempt) as LoginGate,
    succeed: (account: string, address?: string): string =>
      (throttle.succeeded({ account, address }) as Secret).reveal(),
  };
}

/** A different address each time, as a botnet has. */
const bot = (i: number): string => `198.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;

describe('createLoginThrottle', () => {
  it(`never allows more than 100 tries in a row without a success, whoever makes them and however long it takes ${requirement('L1')}`, () => {
    const step = fc.record({
      by: fc.constantFrom('bots', 'neighbour', 'device', 'challenged', 'nobody'),
      times: fc.integer({ min: 1, max: 60 }),
      wait: fc.constantFrom(0, 0, 1000, hour, 400 * 24 * hour),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const { clock, attempt, succeed } = setUp();
        const device = succeed('ada');
        let allowed = 0;
        let bots = 0;
        for (const { by, times, wait } of steps) {
          clock.advance(wait);
          for (let i = 0; i < times; i++) {
            const gate = attempt({
              account: 'ada',
              address: by === 'nobody' ? undefined : by === 'bots' ? bot(bots++) : '192.0.2.1',
              device: by === 'device' ? device : undefined,
              challengePassed: by === 'challenged',
            });
            if (gate.outcome === 'allowed') allowed++;
          }
        }
        expect(allowed).toBeLessThanOrEqual(100);
      }),
      { numRuns: 60 },
    );
  });

  it(`stops at exactly 80 strangers' and 20 devices' failures, and refuses a configuration above 100 ${requirement('L1')}`, () => {
    const { attempt, succeed } = setUp();
    const device = succeed('ada');
    const tries = Array.from({ length: 300 }, (_, i) =>
      attempt({ account: 'ada', address: bot(i), device: i % 2 === 0 ? device : undefined }),
    );
    expect(tries.filter(({ outcome }) => outcome === 'allowed')).toHaveLength(100);
    expect(tries.at(-1)?.outcome).toBe('proof_required');
    expect(() => setUp({ strangerFailures: 81 })).toThrow(/^strangerFailures: /);
    expect(() => setUp({ strangerFailures: 50, deviceFailures: 51 })).toThrow(/^strangerFailures: /);
  });

  it(`counts before the password is looked at, so that parallel tries do not slip past ${requirement('L1')}`, async () => {
    const clock = fakeClock();
    const { counters } = createMemoryStorage({ clock });
    const later: Counters = {
      consume: async (...args) => counters.consume(...args),
      reset: async (...args) => counters.reset(...args),
    };
    const throttle = createLoginThrottle({ storage: { counters: later }, key, clock });
    const gates = await Promise.all(
      Array.from({ length: 400 }, async (_, i) => throttle.attempt({ account: 'ada', address: bot(i) })),
    );
    expect(gates.filter(({ outcome }) => outcome === 'allowed')).toHaveLength(80);
  });

  it(`lets the owner in from a device that signed in before, while strangers and neighbours do their worst ${requirement('L2')}`, () => {
    const { clock, attempt, succeed } = setUp();
    let device = succeed('ada', '192.0.2.1');
    for (let day = 0; day < 5; day++) {
      for (let i = 0; i < 500; i++) {
        attempt({ account: 'ada', address: bot(i) });
        attempt({ account: 'ada', address: '192.0.2.1' });
        attempt({
          account: 'ada',
          address: '192.0.2.1',
          device: `${device.slice(0, -1)}${device.endsWith('A') ? 'E' : 'A'}`,
        });
        attempt({ account: `other-${i}`, address: '192.0.2.1', device });
        attempt({ account: 'ada', address: '192.0.2.1', challengePassed: true });
      }
      // Even with a few slips of her own.
      for (let i = 0; i < 5; i++)
        expect(attempt({ account: 'ada', address: '192.0.2.1', device })).toEqual({
          outcome: 'allowed',
          knownDevice: true,
        });
      device = succeed('ada', '192.0.2.1');
      clock.advance(24 * hour);
    }
  });

  it(`leaves the owner on a new device a way in that an attacker cannot close ${requirement('L2')}`, () => {
    const { attempt, succeed } = setUp();
    for (let i = 0; i < 500; i++) attempt({ account: 'ada', address: bot(i) });
    const gate = attempt({ account: 'ada', address: '203.0.113.5' });
    expect(gate).toMatchObject({
      outcome: 'proof_required',
      denial: { status: 401, code: 'insufficient_user_authentication' },
    });
    // She follows the mailed link; the attacker goes on.
    const device = succeed('ada', '203.0.113.5');
    for (let i = 0; i < 500; i++) attempt({ account: 'ada', address: bot(i) });
    expect(attempt({ account: 'ada', address: '203.0.113.5', device })).toMatchObject({
      outcome: 'allowed',
      knownDevice: true,
    });
  });

  it(`lets the owner past neighbours who used up the address' tries, by a challenge ${requirement('L2')}`, () => {
    const { attempt } = setUp();
    for (let i = 0; i < 200; i++) attempt({ account: `victim-${i}`, address: '192.0.2.1' });
    expect(attempt({ account: 'ada', address: '192.0.2.1' }).outcome).toBe('limited');
    expect(attempt({ account: 'ada', address: '192.0.2.1', challengePassed: true }).outcome).toBe('allowed');
    expect(attempt({ account: 'ada', address: '192.0.2.2' }).outcome).toBe('allowed');
  });

  it('slows one network on one account, then on all accounts, with a Retry-After', () => {
    const { clock, attempt } = setUp();
    for (let i = 0; i < 10; i++) expect(attempt({ account: 'ada', address: `2001:db8::${i}` }).outcome).toBe('allowed');
    const gate = attempt({ account: 'ada', address: '2001:db8::ffff' });
    expect(gate).toMatchObject({ outcome: 'limited', retryAfterSeconds: 90, denial: { status: 429 } });
    if (gate.outcome !== 'limited') throw new Error('unreachable');
    expect(gate.denial.headers).toEqual([
      ['retry-after', '90'],
      ['cache-control', 'no-store'],
    ]);
    expect(attempt({ account: 'ada', address: '2001:db8:0:1::1' }).outcome).toBe('allowed');
    clock.advance(90_000);
    expect(attempt({ account: 'ada', address: '2001:db8::1' }).outcome).toBe('allowed');
  });

  it('does not let an attacker wash an address clean by signing in to an account of their own', () => {
    const { attempt, succeed } = setUp({ perAddress: { limit: 10, windowMs: hour } });
    for (let i = 0; i < 10; i++) {
      attempt({ account: `victim-${i}`, address: '192.0.2.1' });
      succeed('mallory', '192.0.2.1');
    }
    expect(attempt({ account: 'victim-x', address: '192.0.2.1' }).outcome).toBe('limited');
  });

  it('starts a new row of failures after a success', () => {
    const { attempt, succeed } = setUp();
    for (let i = 0; i < 80; i++) attempt({ account: 'ada', address: bot(i) });
    succeed('ada');
    expect(attempt({ account: 'ada', address: bot(99) }).outcome).toBe('allowed');
  });

  it('binds the device token to the account and the key, and prints it nowhere', () => {
    const { attempt, succeed, throttle } = setUp();
    const device = succeed('mallory');
    expect(attempt({ account: 'ada', address: undefined, device })).toMatchObject({ knownDevice: false });
    expect(attempt({ account: 'mallory', address: undefined, device })).toMatchObject({ knownDevice: true });
    const rotated = setUp({ key: new Uint8Array(32).fill(6), previousKeys: [key] });
    expect(rotated.attempt({ account: 'mallory', address: undefined, device })).toMatchObject({ knownDevice: true });
    expect(
      setUp({ key: new Uint8Array(32).fill(6) }).attempt({ account: 'mallory', address: undefined, device }),
    ).toMatchObject({ knownDevice: false });
    expect(JSON.stringify(throttle.succeeded({ account: 'ada', address: undefined }))).toBe('"[redacted]"');
  });

  it('refuses when the counters do not answer, and reports it', async () => {
    const failures: (() => never | Promise<never>)[] = [
      () => {
        throw new StorageUnavailableError();
      },
      () => Promise.reject(new StorageUnavailableError()),
    ];
    for (const fail of failures) {
      const events = createEvents<LoginThrottleEvents>();
      const heard = vi.fn();
      events.on('login.throttle_unavailable', heard);
      const { throttle } = setUp({ storage: { counters: { consume: fail, reset: fail } }, events });
      expect(await throttle.attempt({ account: 'ada', address: '192.0.2.1' })).toMatchObject({
        outcome: 'unavailable',
        denial: { status: 503 },
      });
      expect(typeof (await throttle.succeeded({ account: 'ada', address: '192.0.2.1' })).reveal()).toBe('string');
      expect(heard.mock.calls.map(([event]) => (event as { during: string }).during)).toEqual(['attempt', 'success']);
    }
    const misuse = setUp({
      storage: { counters: { consume: () => Promise.reject(new CoreError('invalid_record')), reset: () => {} } },
    });
    await expect(misuse.throttle.attempt({ account: 'ada', address: undefined })).rejects.toMatchObject({
      code: 'invalid_record',
    });
  });

  it(`reports without the account's name, which may be a mistyped password ${requirement('C26')}`, () => {
    const events = createEvents<LoginThrottleEvents>();
    const heard: unknown[] = [];
    events.on('*', (event) => heard.push(event));
    const { attempt } = setUp({ events, strangerFailures: 12 });
    for (let i = 0; i < 12; i++) attempt({ account: 'hunter2-canary', address: '192.0.2.1' });
    for (let i = 0; i < 5; i++) attempt({ account: 'hunter2-canary', address: bot(i) });
    expect(new Set(heard.map((event) => (event as { type: string }).type))).toEqual(
      new Set(['login.limited', 'login.proof_required']),
    );
    expect(JSON.stringify(heard)).not.toContain('hunter2');
  });

  it('refuses a wrong configuration, naming the option', () => {
    const wrong: [RegExp, Partial<LoginThrottleOptions>][] = [
      [/^key: /, { key: new Uint8Array(31) }],
      [/^name: /, { name: 'Login!' }],
      [/^limit: /, { perAddress: { limit: 0, windowMs: 1 } }],
      [/^windowMs: /, { perAccountAndAddress: { limit: 1, windowMs: 0 } }],
      [/^limit: /, { deviceFailures: 0 }],
      [/^windowMs: /, { rememberFailuresMs: 0 }],
    ];
    for (const [message, options] of wrong) expect(() => setUp(options)).toThrow(message);
    expect(() => setUp().attempt({ account: '', address: undefined })).toThrow(/^account: /);
  });
});
