import { describe, expect, it } from 'vitest';
import { createRevocationSignal, type RevocationSignalParts } from '../../src/lifecycle/revocation-signal.js';
import { createMemoryBus } from '../../src/storage/memory-bus.js';
import type { Bus, BusListener } from '../../src/storage/storage.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

function signal(over: Partial<RevocationSignalParts> = {}) {
  const failed: string[] = [];
  const ended = new Set<string>();
  const made = createRevocationSignal({
    channel: 'ended',
    bus: undefined,
    isLive: (id) => !ended.has(id),
    failed: (id) => failed.push(id),
    ...over,
  });
  const told: string[] = [];
  const watch = (id: string) => made.watch(id, () => told.push(id));
  return { ...made, failed, ended, told, watch };
}

describe('createRevocationSignal', () => {
  it('calls each watcher of an id once, and nobody else', async () => {
    const { watch, tell, told } = signal();
    watch('a');
    watch('a');
    watch('b');
    await tell('a');
    await tell('a');
    expect(told).toEqual(['a', 'a']);
  });

  it('calls nobody who has stopped, and lets the others of that id listen on', async () => {
    const { watch, tell, told } = signal();
    const stop = watch('a');
    watch('a');
    stop();
    stop();
    await tell('a');
    expect(told).toEqual(['a']);
    const late = watch('b');
    await tell('b');
    watch('b');
    late();
    await tell('b');
    expect(told).toEqual(['a', 'b', 'b']);
  });

  it('tells at once of what had ended before anyone watched, also when that cannot be found out', async () => {
    const gone = signal();
    gone.ended.add('a');
    gone.watch('a');
    gone.watch('b');
    expect(gone.told).toEqual(['a']);
    const down = signal({ isLive: () => Promise.reject(new Error('down')) });
    const broken = signal({
      isLive: () => {
        throw new Error('down');
      },
    });
    down.watch('a');
    broken.watch('a');
    await settled();
    expect([down.told, broken.told]).toEqual([['a'], ['a']]);
  });

  it('tells other processes over the bus, on its own channel, and says when it cannot', async () => {
    const bus = createMemoryBus();
    const [here, there, other] = [signal({ bus }), signal({ bus }), signal({ bus, channel: 'other' })];
    for (const each of [here, there, other]) each.watch('a');
    await here.tell('a');
    expect([here.told, there.told, other.told]).toEqual([['a'], ['a'], []]);
    const untold = signal({ bus: { ...bus, publish: () => Promise.reject(new Error('down')) } });
    untold.watch('a');
    await untold.tell('a');
    expect([untold.told, untold.failed]).toEqual([['a'], ['a']]);
  });

  it('subscribes with the first watcher, once', () => {
    const channels: string[] = [];
    const bus: Bus = {
      publish: () => undefined,
      subscribe: (channel) => {
        channels.push(channel);
        return () => undefined;
      },
    };
    const { watch } = signal({ bus });
    expect(channels).toEqual([]);
    watch('a');
    watch('b');
    expect(channels).toEqual(['ended']);
  });

  it('looks every watched id up when the bus may have lost messages, or took its time to subscribe', async () => {
    const listeners: BusListener[] = [];
    let subscribed: (stop: () => void) => void = () => {};
    const bus: Bus = {
      publish: () => undefined,
      subscribe: (_, listener) => {
        listeners.push(listener);
        return new Promise((resolve) => {
          subscribed = resolve;
        });
      },
    };
    const { watch, told, ended } = signal({ bus });
    for (const id of ['a', 'b', 'c']) watch(id);
    ended.add('a');
    subscribed(() => undefined);
    await settled();
    expect(told).toEqual(['a']);
    ended.add('b');
    for (const listener of listeners) listener.lost();
    expect(told).toEqual(['a', 'b']);
  });

  it.each<[string, () => () => void]>([
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    ['rejects', () => Promise.reject(new Error('down')) as never],
  ])('subscribes again with the next watcher where the bus %s', async (_, refuse) => {
    let attempts = 0;
    const bus: Bus = {
      publish: () => undefined,
      subscribe: () => (attempts++ === 0 ? refuse() : () => undefined),
    };
    const { watch } = signal({ bus });
    watch('a');
    await settled();
    watch('b');
    watch('c');
    expect(attempts).toBe(2);
  });

  it.each([false, true])('ends its subscription and calls nobody after it is closed (later: %s)', async (later) => {
    let stops = 0;
    const stop = () => void stops++;
    const bus: Bus = { publish: () => undefined, subscribe: () => (later ? Promise.resolve(stop) : stop) };
    const { watch, close, tell, told } = signal({ bus });
    watch('a');
    close();
    await settled();
    await tell('a');
    close();
    await settled();
    expect([stops, told]).toEqual([1, []]);
    signal().close();
  });
});
