import { createMemoryStorage, type Storage, StorageUnavailableError } from '@portcullis/core';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createSessions, sessionCollection, type SessionRecord } from '../../src/index.js';
import { browser, type Cart, origin, whoIs, world } from '../browser.js';

/** A storage whose fences cannot be read. */
function withoutFences(storage: Storage): Storage {
  return {
    ...storage,
    collection(definition) {
      const made = storage.collection<never>(definition as never);
      const down = () => Promise.reject(new StorageUnavailableError());
      return (definition.name === 'session_fences' ? { ...made, get: down } : made) as never;
    },
  };
}

describe('createSessions: a sign-in that fails on the way', () => {
  it(`leaves no session behind when the fence cannot be read ${requirement('D3')}`, async () => {
    const clock = fakeClock();
    const storage = createMemoryStorage({ clock });
    const sessions = createSessions<Cart>({ storage: withoutFences(storage), clock, csrf: { origins: [origin] } });
    const ada = browser();
    await expect(sessions.signIn(ada.exchange(), { user: 'ada' })).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
    expect(ada.setCookies).toEqual([]);
    expect((await sessions.list('ada')).items).toEqual([]);
  });

  it('leaves none when isActive throws, when the carry is refused, or when the head is out', async () => {
    const { sessions } = world({
      isActive: (user) => {
        if (user === 'rex') throw new Error('database down');
        return true;
      },
    });
    await expect(sessions.signIn(browser().exchange(), { user: 'rex' })).rejects.toThrow('database down');
    expect((await sessions.list('rex')).items).toEqual([]);

    const ada = browser();
    await sessions.anonymous(ada.exchange());
    const carry = () => {
      throw new Error('no such cart');
    };
    await expect(sessions.signIn(ada.exchange(), { user: 'ada', carry })).rejects.toThrow('no such cart');
    const response = {
      append: () => {
        throw new Error('head is out');
      },
    };
    await expect(sessions.signIn({ request: ada.request(), response }, { user: 'ada' })).rejects.toThrow('head is out');
    expect((await sessions.list('ada')).items).toEqual([]);
  });

  it('fails when all sessions are ended while data is carried, instead of setting a dead cookie', async () => {
    const { sessions, storage } = world();
    const ada = browser();
    await sessions.anonymous(ada.exchange());
    const signingIn = sessions.signIn(ada.exchange(), {
      user: 'ada',
      carry: (anonymous) => {
        // What an end of all sessions in another process does, at the worst moment.
        void storage.collection<SessionRecord>(sessionCollection).deleteWhere('user', 'ada');
        return anonymous;
      },
    });
    await expect(signingIn).rejects.toMatchObject({ code: 'session_user_revoked' });
    expect(await whoIs(sessions, ada.request())).toBeUndefined();
  });

  it(`hands out no session that the limit has ended already ${requirement('S26')}`, async () => {
    const clock = fakeClock();
    const storage = createMemoryStorage({ clock });
    const limit = { max: 1, onExceeded: 'end_oldest' } as const;
    const make = (lag: number) =>
      createSessions<Cart>({ storage, clock: () => clock() - lag, csrf: { origins: [origin] }, limit });
    const phone = browser();
    const laptop = browser();
    await make(0).signIn(phone.exchange(), { user: 'ada' });
    // The other process has a slow clock, so that its session looks older than the phone's.
    await expect(make(1_000).signIn(laptop.exchange(), { user: 'ada' })).rejects.toMatchObject({
      code: 'session_limit',
    });
    expect(laptop.setCookies).toEqual([]);
    expect(await whoIs(make(0), phone.request())).toBe('ada');
  });
});
