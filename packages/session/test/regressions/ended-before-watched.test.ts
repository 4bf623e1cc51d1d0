import { cached, type Storage } from '@portcullis/core';
import { describe, expect, it } from 'vitest';
import { createSessions } from '../../src/index.js';
import { browser, type Cart, origin, world } from '../browser.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('createSessions: a session that ended before its stream was watched', () => {
  it.each<[string, (storage: Storage) => Storage]>([
    ['at once', (storage) => storage],
    [
      'later',
      (storage) => ({
        ...storage,
        collection(definition) {
          const inner = storage.collection(definition);
          return { ...inner, get: async (id, call) => inner.get(id, call) };
        },
      }),
    ],
  ])('closes it, where the storage answers %s', async (_, answering) => {
    const { clock, storage: kept } = world();
    const { bus: __, ...storage } = kept;
    const settings = { clock, csrf: { origins: [origin] } };
    const here = createSessions<Cart>({
      storage: cached(answering(storage), { ttl: 3_600_000, max: 100, clock }),
      ...settings,
    });
    const elsewhere = createSessions<Cart>({ storage, ...settings });
    const ada = browser();
    const { id } = await here.signIn(ada.exchange(), { user: 'ada' });
    const result = await here.authenticator().authenticate(ada.request());
    expect(await elsewhere.revoke(id)).toBe(true);
    let closed = 0;
    const stop = result.outcome === 'authenticated' ? result.onRevoked?.(() => closed++) : undefined;
    await settled();
    expect(closed).toBe(1);
    stop?.();
    await here.revokeAll('ada');
    expect(closed).toBe(1);
  });
});
