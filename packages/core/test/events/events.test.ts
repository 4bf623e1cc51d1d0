import { fakeClock, requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createEvents } from '../../src/events/events.js';
import { anyText } from '../any-text.js';

interface TestEvents {
  'key.used': {
    readonly id: string;
    readonly tags?: readonly string[];
    readonly inner?: Readonly<Record<string, unknown>>;
  };
  'key.revoked': { readonly id: string };
}

describe('createEvents', () => {
  it("stamps each event with its type, the clock's milliseconds and UTC time", () => {
    const clock = fakeClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
    const events = createEvents<TestEvents>({ clock });
    const heard = vi.fn();
    events.on('key.used', heard);
    events.emit('key.used', { id: 'k1' });
    expect(heard).toHaveBeenCalledExactlyOnceWith({
      type: 'key.used',
      at: clock(),
      time: '2026-01-02T03:04:05.678Z',
      id: 'k1',
    });
  });

  it('lets fields replace neither stamp nor prototype', () => {
    const events = createEvents<TestEvents>({ clock: fakeClock(0) });
    const heard = vi.fn();
    events.on('*', heard);
    events.emit(
      'key.used',
      JSON.parse('{"id":"k","type":"x","at":9,"time":"y","__proto__":{"admin":true}}') as { id: string },
    );
    const event = heard.mock.calls[0]?.[0] as Record<string, unknown>;
    expect(event).toMatchObject({ type: 'key.used', at: 0, time: '1970-01-01T00:00:00.000Z' });
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
    expect(event['admin']).toBeUndefined();
    expect(Object.isFrozen(event)).toBe(true);
  });

  it('tells who is wanted, before and after unsubscribing', () => {
    const events = createEvents<TestEvents>();
    expect(events.wants('key.used')).toBe(false);
    const listener = vi.fn();
    const offOne = events.on('key.used', listener);
    const offTwo = events.on('key.used', listener);
    expect([events.wants('key.used'), events.wants('key.revoked')]).toEqual([true, false]);
    events.emit('key.used', { id: '1' });
    expect(listener).toHaveBeenCalledTimes(2);
    offOne();
    offOne();
    events.emit('key.used', { id: '2' });
    expect(listener).toHaveBeenCalledTimes(3);
    offTwo();
    expect(events.wants('key.used')).toBe(false);
    const offAll = events.on('*', listener);
    offTwo();
    expect([events.wants('key.used'), events.wants('key.revoked')]).toEqual([true, true]);
    offAll();
    expect(events.wants('key.revoked')).toBe(false);
  });

  it(`neutralises line ends and control characters in every string ${requirement('C26')}`, () => {
    const events = createEvents<TestEvents>();
    const seen: unknown[] = [];
    events.on('key.used', (event) => seen.push(event));
    events.emit('key.used', {
      id: 'a\r\nlevel=info ok',
      tags: ['x\u2028y', '\u202egnp'],
      inner: { 'k\n': ['\u0000', 1, null, true] },
    });
    expect(seen[0]).toMatchObject({
      id: 'a\\u000d\\u000alevel=info ok',
      tags: ['x\\u2028y', '\\u202egnp'],
      inner: { 'k\\u000a': ['\\u0000', 1, null, true] },
    });
    fc.assert(
      fc.property(anyText(), (id) => {
        events.emit('key.used', { id });
        const { id: written } = seen.at(-1) as { id: string };
        expect(written).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(written === id).toBe(!/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u.test(id));
      }),
    );
  });

  it('reports what a listener throws or rejects with, and goes on', async () => {
    const onListenerError = vi.fn();
    const events = createEvents<TestEvents>({ onListenerError });
    const heard = vi.fn();
    const [thrown, rejected] = [new Error('thrown'), new Error('rejected')];
    events.on('key.used', () => {
      throw thrown;
    });
    // oxlint-disable-next-line require-await -- an async listener is what is tested
    events.on('key.used', async () => {
      throw rejected;
    });
    events.on('*', heard);
    events.emit('key.used', { id: '1' });
    await Promise.resolve();
    await Promise.resolve();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(onListenerError.mock.calls).toEqual([
      [thrown, 'key.used'],
      [rejected, 'key.used'],
    ]);
  });

  it('writes to the console where nothing else was given, also when the reporter fails, and never throws', () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    try {
      const fail = (): never => {
        throw new Error('listener');
      };
      const quiet = createEvents<TestEvents>();
      quiet.on('*', fail);
      quiet.emit('key.used', { id: '1' });
      const broken = createEvents<TestEvents>({
        onListenerError: () => {
          throw new Error('reporter');
        },
      });
      broken.on('*', fail);
      broken.emit('key.used', { id: '1' });
      const timeless = createEvents<TestEvents>({ clock: () => Number.NaN });
      timeless.on('*', () => {});
      timeless.emit('key.used', { id: '1' });
      expect(log.mock.calls.map(([, error]) => (error as Error).message)).toEqual([
        'listener',
        'reporter',
        expect.stringMatching(/^invalid (time value|date)$/i),
      ]);
    } finally {
      log.mockRestore();
    }
  });

  it('does not call a listener added while an event is on its way', () => {
    const events = createEvents<TestEvents>();
    const late = vi.fn();
    events.on('key.used', () => {
      events.on('key.used', late);
    });
    events.emit('key.used', { id: '1' });
    expect(late).not.toHaveBeenCalled();
  });
});
