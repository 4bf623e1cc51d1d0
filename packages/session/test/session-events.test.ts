import { createEvents, type Storage, StorageUnavailableError } from '@portcullis/core';
import { fakeClock } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createSealedSessions, createSessions, type SessionEvents, sessionErrors } from '../src/index.js';
import { browser, type Cart, origin, whoIs, world } from './browser.js';

const cross = { headers: { 'sec-fetch-site': 'cross-site' } };
const ip = '192.0.2.7';

describe('createSessions: events', () => {
  it('say which session of whom began, from where and when', async () => {
    const { sessions, events, clock } = world();
    const { id } = await sessions.signIn(browser().exchange(), { user: 'ada' });
    expect(events).toEqual([
      { type: 'session.started', at: clock(), time: new Date(clock()).toISOString(), sessionId: id, user: 'ada', ip },
    ]);
  });

  it('say why a session ended or got a new secret', async () => {
    const { sessions, events } = world();
    const ada = browser();
    const [first, second, third] = [
      await sessions.signIn(ada.exchange(), { user: 'ada' }),
      await sessions.signIn(ada.exchange(), { user: 'ada' }),
      await sessions.signIn(browser().exchange(), { user: 'ada' }),
    ];
    await sessions.renew(ada.exchange());
    await sessions.reauthenticate(ada.exchange());
    await sessions.signOut(ada.exchange());
    await sessions.revoke(third.id);
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    await sessions.revokeAll('ada');
    const told = events.filter(({ type }) => type !== 'session.started');
    expect(told.map(({ at: _, time: __, ...event }) => event)).toEqual([
      { type: 'session.ended', sessionId: first.id, user: 'ada', why: 'replaced' },
      { type: 'session.renewed', sessionId: second.id, user: 'ada', why: 'privilege_change' },
      { type: 'session.renewed', sessionId: second.id, user: 'ada', why: 'reauthentication' },
      { type: 'session.ended', sessionId: second.id, user: 'ada', why: 'sign_out' },
      { type: 'session.ended', sessionId: third.id, user: 'ada', why: 'revoked' },
      { type: 'session.all_ended', user: 'ada', count: 1 },
    ]);
  });

  it('tell of the oldest session, which made room', async () => {
    const { sessions, events, clock } = world({ limit: { max: 1, onExceeded: 'end_oldest' } });
    const { id } = await sessions.signIn(browser().exchange(), { user: 'ada' });
    clock.advance(1);
    await sessions.signIn(browser().exchange(), { user: 'ada' });
    expect(events).toContainEqual(expect.objectContaining({ type: 'session.ended', sessionId: id, why: 'limit' }));
  });

  it('tell once of a session that two callers end', async () => {
    const { sessions, events } = world();
    const { id } = await sessions.signIn(browser().exchange(), { user: 'ada' });
    const results = await Promise.all([sessions.revoke(id), sessions.revoke(id), sessions.revoke(id)]);
    expect(results.filter(Boolean)).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'session.ended')).toHaveLength(1);
  });

  it('say whose session another site wanted to use, and how', async () => {
    const { sessions, events } = world();
    const ada = browser();
    await expect(sessions.signIn(ada.exchange(cross), { user: 'ada' })).rejects.toThrow();
    const { id } = await sessions.signIn(ada.exchange(), { user: 'ada' });
    await expect(sessions.signOut(ada.exchange(cross))).rejects.toThrow();
    await sessions.authenticator().authenticate(ada.request({ ...cross, method: 'DELETE' }));
    expect(events.filter(({ type }) => type === 'session.csrf_rejected')).toMatchObject([
      { sessionId: '', user: undefined, method: 'POST' },
      { sessionId: id, user: 'ada', method: 'POST' },
      { sessionId: id, user: 'ada', method: 'DELETE' },
    ]);
  });

  it('say from where two cookies of one name came', async () => {
    const { sessions, events } = world();
    await whoIs(sessions, browser().request({ cookies: ['__Host-sid=a; __Host-sid=b'] }));
    expect(events).toMatchObject([{ type: 'session.duplicate_cookie', ip }]);
  });

  it('say that activity could not be written, and not what the failure said', async () => {
    for (const [failure, reason] of [
      [new StorageUnavailableError(), 'storage_unavailable'],
      [new Error('password=hunter2'), 'error'],
    ] as const) {
      const { storage: kept, clock } = world();
      const storage: Storage = {
        ...kept,
        collection: (definition) => ({ ...kept.collection(definition), touch: () => Promise.reject(failure) }),
      };
      const sessions = createSessions<Cart>({ storage, clock, csrf: { origins: [origin] }, idleTimeout: 60_000 });
      const reasons: string[] = [];
      sessions.on('session.touch_failed', (event) => reasons.push(event.reason));
      const ada = browser();
      await sessions.signIn(ada.exchange(), { user: 'ada' });
      clock.advance(58_000);
      expect(await whoIs(sessions, ada.request())).toBe('ada');
      await new Promise((resolve) => setImmediate(resolve));
      expect(reasons).toEqual([reason]);
    }
  });

  it('say which end the other processes did not hear of, and the session is over all the same', async () => {
    const { storage: kept, clock } = world();
    const bus = { subscribe: () => () => {}, publish: () => Promise.reject(new Error('bus down')) };
    const sessions = createSessions<Cart>({ storage: { ...kept, bus }, clock, csrf: { origins: [origin] } });
    const ids: string[] = [];
    sessions.on('session.end_not_published', ({ sessionId }) => ids.push(sessionId));
    const ada = browser();
    const { id } = await sessions.signIn(ada.exchange(), { user: 'ada' });
    expect(await sessions.revoke(id)).toBe(true);
    expect(ids).toEqual([id]);
    expect(await whoIs(sessions, ada.request())).toBeUndefined();
  });
});

describe('createSealedSessions: events', () => {
  it('say who signed in from where, and what another site wanted', async () => {
    const events = createEvents<SessionEvents>({ clock: fakeClock() });
    const heard: unknown[] = [];
    events.on('*', ({ at: _, time: __, ...event }) => heard.push(event));
    const sessions = createSealedSessions<Cart>({
      keys: { current: 'a', keys: { a: Uint8Array.from({ length: 32 }, (_, i) => i * 5) } },
      csrf: { origins: [origin] },
      events,
    });
    const ada = browser();
    await expect(sessions.signIn(ada.exchange(cross), { user: 'ada' })).rejects.toThrow();
    const { id } = await sessions.signIn(ada.exchange(), { user: 'ada' });
    await expect(sessions.signOut(ada.exchange(cross))).rejects.toThrow();
    await sessions.authenticator().authenticate(ada.request({ ...cross, method: 'DELETE' }));
    const refused = { type: 'session.csrf_rejected', method: 'POST' };
    expect(heard).toEqual([
      { ...refused, sessionId: '', user: undefined },
      { type: 'session.started', sessionId: id, user: 'ada', ip },
      { ...refused, sessionId: id, user: 'ada' },
      { ...refused, sessionId: id, user: 'ada', method: 'DELETE' },
    ]);
  });
});

describe('sessionErrors', () => {
  it('answers each refusal with its status, and says whether the same again may do', () => {
    const answers = Object.entries(sessionErrors).map(([code, { status, retryable }]) => [code, status, retryable]);
    expect(answers).toEqual([
      ['session_missing', 401, false],
      ['session_cross_site', 403, false],
      ['session_user_revoked', 403, true],
      ['session_user_inactive', 403, false],
      ['session_limit', 403, false],
      ['session_data_invalid', 500, false],
    ]);
  });
});
