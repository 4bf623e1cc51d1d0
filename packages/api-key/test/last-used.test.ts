import { createMemoryStorage, type Storage } from '@portcullis/core';
import { fakeClock } from '@portcullis-internal/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { asyncStorage, setup } from './support.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A storage whose touches can be made to fail. */
function fragile(): { readonly storage: Storage; readonly calls: string[]; broken: boolean } {
  const { storage, calls } = asyncStorage(createMemoryStorage({ clock: fakeClock() }));
  const state = {
    calls,
    broken: false,
    storage: {
      ...storage,
      collection: (definition) => {
        const inner = storage.collection(definition);
        return {
          ...inner,
          touch: async (...call) => {
            if (state.broken) throw new Error('down');
            await inner.touch(...call);
          },
        };
      },
    } as Storage,
  };
  return state;
}

describe('lastUsedAt', () => {
  it('is written off the request path, once a key and interval', async () => {
    const { storage, calls } = fragile();
    const { keys, clock } = setup({ storage });
    const { key, record } = await keys.create({ owner: 'ada' });
    calls.length = 0;
    for (let i = 0; i < 100; i++) {
      clock.advance(1);
      await keys.verify(key.reveal());
    }
    expect(calls.filter((call) => call !== 'api_keys.get')).toEqual([]);
    const used = clock();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(calls.filter((call) => call === 'api_keys.touch')).toHaveLength(1);
    expect(await keys.get(record.id)).toMatchObject({ lastUsedAt: used });
    // Nothing was used: nothing is written, and no timer is left.
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls.filter((call) => call === 'api_keys.touch')).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not noted for a refused key', async () => {
    const { keys } = setup();
    const { key, record } = await keys.create({ owner: 'ada', allowedAddresses: ['::1'] });
    await keys.verify(key.reveal(), { ip: '::2' });
    await keys.flush();
    expect(await keys.get(record.id)).toMatchObject({ lastUsedAt: undefined });
  });

  it('is kept when it could not be written, and tried again', async () => {
    const state = fragile();
    const { keys, clock, events } = setup({ storage: state.storage, lastUsed: { flushMs: 1000 } });
    const { key, record } = await keys.create({ owner: 'ada' });
    await keys.verify(key.reveal());
    const used = clock();
    state.broken = true;
    await vi.advanceTimersByTimeAsync(1000);
    expect(events.at(-1)).toMatchObject({ type: 'api_key.flush_failed' });
    await expect(keys.flush()).rejects.toThrow('down');
    state.broken = false;
    await keys.verify('junk');
    await keys.flush();
    expect(await keys.get(record.id)).toMatchObject({ lastUsedAt: used });
  });

  it('is flushed by close, after which no timer runs', async () => {
    const { keys, clock } = setup();
    const { key, record } = await keys.create({ owner: 'ada' });
    await keys.verify(key.reveal());
    await keys.close();
    expect(await keys.get(record.id)).toMatchObject({ lastUsedAt: clock() });
    await keys.verify(key.reveal());
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is left alone when the application wants none', async () => {
    const { keys } = setup({ lastUsed: false });
    const { key, record } = await keys.create({ owner: 'ada' });
    await keys.verify(key.reveal());
    await keys.flush();
    expect(await keys.get(record.id)).toMatchObject({ lastUsedAt: undefined });
  });
});
