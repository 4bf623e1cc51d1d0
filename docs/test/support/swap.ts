import { createMemoryStorage, type Storage } from '@portcullis/core';
import { createSessions } from '@portcullis/session';
import { createApp } from '../../snippets/migrate/hono-changeover.js';
import { createOldSessions, type OldSessionsOptions } from '../../snippets/migrate/old-sessions.js';
import { Browser } from './browser.js';

export const origin = 'https://app.example.com';
export const day = 86_400_000;

/** An application in the middle of the changeover, for seven days, beside the old one. */
export function createSwap<D>(
  of: (parts: {
    storage: Storage;
    until: number;
    clock: () => number;
  }) => Pick<OldSessionsOptions<D>, 'store' | 'cookie' | 'readToken'>,
) {
  const time = { now: Date.now() };
  const clock = () => time.now;
  const until = time.now + 7 * day;
  const storage = createMemoryStorage({ clock });
  const sessions = createSessions<D>({ storage, clock, csrf: { origins: [origin] } });
  const old = createOldSessions<D>({
    ...of({ storage, until, clock }),
    sessions,
    csrf: { origins: [origin] },
    until,
    clock,
  });
  const app = createApp(sessions, old, clock);
  const send = (path: string, init: RequestInit) => app.request(`${origin}${path}`, init);
  return { time, storage, sessions, send, browser: () => new Browser(send, origin) };
}
