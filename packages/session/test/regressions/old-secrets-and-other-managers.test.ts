import { createMemoryStorage } from '@portcullis/core';
import { fakeClock } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createSealedSessions, createSessions } from '../../src/index.js';
import { browser, type Cart, origin, whoIs, world } from '../browser.js';

describe('createSessions: the secret before a renewal', () => {
  it('does not see the data that the renewal brought', async () => {
    const { sessions } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada', data: { items: ['visitor'] } });
    const stolen = ada.copy();
    await sessions.renew(ada.exchange(), () => ({ items: ['administrator'] }));
    expect((await sessions.read(stolen.request()))?.data).toEqual({ items: ['visitor'] });
    expect((await sessions.read(ada.request()))?.data).toEqual({ items: ['administrator'] });
    const seen: unknown[] = [];
    const authenticator = sessions.authenticator({
      principal: ({ user, data }) => {
        seen.push(data);
        return { kind: 'user', id: user };
      },
    });
    await authenticator.authenticate(stolen.request());
    expect(seen).toEqual([{ items: ['visitor'] }]);
  });
});

describe('createSessions: signing out', () => {
  it('is not done by a link or an image of another site', async () => {
    const { sessions } = world();
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { referer: 'https://evil.example/' }, {}]) {
      await expect(
        sessions.signOut(ada.exchange({ method: 'GET', headers: headers as Record<string, string> })),
      ).rejects.toMatchObject({ code: 'session_cross_site' });
    }
    expect(await whoIs(sessions, ada.request())).toBe('ada');
    await sessions.signOut(ada.exchange({ method: 'GET' }));
    expect(await whoIs(sessions, ada.request())).toBeUndefined();
  });
});

describe('createSessions: a CSRF token', () => {
  it('is no array of a body parser', async () => {
    const { sessions } = world();
    const ada = browser();
    const session = await sessions.signIn(ada.exchange(), { user: 'ada' });
    const token = sessions.csrfToken(session);
    expect(sessions.verifyCsrfToken(session, token)).toBe(true);
    for (const wrong of [[token], token.split(''), { length: token.length, 22: '.', slice: () => '' }, 7, null]) {
      expect(sessions.verifyCsrfToken(session, wrong as never)).toBe(false);
    }
  });
});

describe('createSealedSessions: two managers with the same keys', () => {
  it('do not take each other for their own', async () => {
    const keys = { current: 'a', keys: { a: Uint8Array.from({ length: 32 }, (_, i) => i) } };
    const make = (name: string) => createSealedSessions<Cart>({ csrf: { origins: [origin] }, keys, cookie: { name } });
    const visitors = make('__Host-sid');
    const administrators = make('__Host-admin');
    const ada = browser();
    await visitors.signIn(ada.exchange(), { user: '1' });
    ada.jar.set('__Host-admin', ada.value() as string);
    expect(await visitors.read(ada.request())).toMatchObject({ user: '1' });
    expect(await administrators.read(ada.request())).toBeUndefined();
  });
});

describe('createSessions: open streams', () => {
  it('close by a second end of all sessions that comes while the first is looked into', async () => {
    const clock = fakeClock();
    const storage = createMemoryStorage({ clock });
    const looks: (() => void)[] = [];
    let slow = false;
    const sessions = createSessions<Cart>({
      clock,
      csrf: { origins: [origin] },
      storage: {
        ...storage,
        collection(definition) {
          const made = storage.collection(definition);
          const get: typeof made.get = (id, call) => {
            const found = made.get(id, call);
            // What the look finds was true when it began.
            return slow && call?.fresh === true ? new Promise((done) => looks.push(() => done(found))) : found;
          };
          return definition.name === 'sessions' ? { ...made, get } : made;
        },
      },
    });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    const result = await sessions.authenticator().authenticate(ada.request());
    if (result.outcome !== 'authenticated') throw new Error('not signed in');
    const closed = new Promise<void>((resolve) => result.onRevoked?.(resolve));
    slow = true;
    await sessions.revokeOthers(ada.request());
    expect(looks.length).toBeGreaterThan(0);
    await sessions.revokeAll('ada');
    for (const answer of looks) answer();
    await closed;
  });
});
