import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { browser, whoIs, world } from '../browser.js';

describe('createSessions: activity just before the idle timeout', () => {
  it(`is written at once, since the background would write it to a session that is over ${requirement('S9')}`, async () => {
    const { sessions, clock } = world({ idleTimeout: 60_000 });
    const ada = browser();
    await sessions.signIn(ada.exchange(), { user: 'ada' });
    clock.advance(58_000);
    expect(await whoIs(sessions, ada.request())).toBe('ada');
    clock.advance(3_000);
    expect(await whoIs(sessions, ada.request())).toBe('ada');
    clock.advance(60_000);
    expect(await whoIs(sessions, ada.request())).toBeUndefined();
  });
});
