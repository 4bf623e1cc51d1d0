import { createMemoryStorage } from '@portcullis/core';
import { describe, expect, it } from 'vitest';
import { createApp as createAfter } from '../snippets/migrate/iron-session/after.js';
import { createApp as createBefore } from '../snippets/migrate/iron-session/before.js';
import { ironSessions } from '../snippets/migrate/iron-session/changeover.js';
import { Browser } from './support/browser.js';
import { createSwap, day, origin } from './support/swap.js';

const password = 'complex_password_at_least_32_characters_long';
const ada = { email: 'ada@example.org', password: 'correct horse battery staple' };
const checkPassword = (email: string, typed: string) =>
  Promise.resolve(email === ada.email && typed === ada.password ? 'ada' : undefined);
const before = createBefore({ cookieName: 'acme-session', password }, checkPassword);

type App = { request(url: string, init: RequestInit): Response | Promise<Response> };
const browserOf = (app: App) => new Browser((path, init) => app.request(`${origin}${path}`, init), origin);

async function signedIn() {
  const browser = browserOf(before);
  expect(await browser.status('/sign-in', 'POST', ada)).toBe(204);
  return browser;
}

describe('before and after', () => {
  it('do the same, but a sign-out of the new one ends the session', async () => {
    for (const [app, copied] of [
      [before, { user: 'ada', theme: 'dark' }],
      [createAfter(createMemoryStorage(), checkPassword), 401],
    ] as const) {
      const browser = browserOf(app);
      expect(await browser.json('/me')).toBe(401);
      expect(await browser.status('/sign-in', 'POST', { ...ada, password: 'a guess' })).toBe(401);
      expect(await browser.status('/sign-in', 'POST', ada)).toBe(204);
      expect(await browser.json('/me')).toEqual({ user: 'ada', theme: 'light' });
      expect(await browser.status('/theme/dark', 'POST')).toBe(204);
      expect(await browser.json('/me')).toEqual({ user: 'ada', theme: 'dark' });
      const copy = browser.copy();
      expect(await browser.status('/sign-out', 'POST')).toBe(204);
      expect(await browser.json('/me')).toBe(401);
      expect(await copy.json('/me')).toEqual(copied);
    }
  });
});

describe('the changeover', () => {
  const swapOf = (over: { password?: string | Record<string, string>; ttl?: number } = {}) =>
    createSwap((parts) => ironSessions({ ...parts, password, ...over }));

  it('unseals the cookie once and starts a session with its data', async () => {
    const old = await signedIn();
    await old.ask('/theme/dark', 'POST');
    const swap = swapOf();
    const browser = old.copy(swap.send);
    expect(await browser.json('/me')).toEqual({ user: 'ada', by: 'old-session' });
    expect([...browser.jar.keys()]).toEqual(['__Host-sid']);
    expect(await browser.json('/me')).toEqual({ user: 'ada', by: 'session' });
    // The data said when they signed in, so a route that wants a fresh sign-in can tell.
    expect(await browser.status('/email', 'POST')).toBe(204);
    swap.time.now += 300_001;
    expect(await browser.status('/email', 'POST')).toBe(401);
  });

  it('makes the seal worth nothing a minute later, or at a sign-out at once', async () => {
    const swap = swapOf();
    const [swapped, left] = [await signedIn(), await signedIn()];
    await swapped.copy(swap.send).ask('/me');
    expect(await swapped.copy(swap.send).json('/me')).toMatchObject({ by: 'old-session' });
    swap.time.now += 60_001;
    expect(await swapped.copy(swap.send).json('/me')).toBe(401);
    expect(await left.copy(swap.send).status('/sign-out', 'POST')).toBe(204);
    expect(await left.copy(swap.send).json('/me')).toBe(401);
    // iron-session reads these as the same seal. To us they would be others, that nobody has ended.
    for (const end of ['~2x', '~2~', '~02', '~2.0', '%7E2', '%7e2']) {
      const copy = left.copy(swap.send);
      copy.jar.set('acme-session', (left.jar.get('acme-session') as string).replace(/~2$/, end));
      expect([end, await copy.json('/me')]).toEqual([end, 401]);
    }
  });

  it('logs out everywhere, also seals that nobody has listed', async () => {
    const old = await signedIn();
    const swap = swapOf();
    await swap.sessions.revokeAll('ada');
    expect(await old.copy(swap.send).json('/me')).toBe(403);
    expect(await old.copy(swap.send).json('/me')).toBe(401);
  });

  it('takes passwords that rotate, and no seal of another, changed, or none', async () => {
    const old = await signedIn();
    const both = swapOf({ password: { 2: 'another_password_at_least_32_characters', 1: password } });
    expect(await old.copy(both.send).json('/me')).toMatchObject({ user: 'ada' });
    const other = swapOf({ password: 'another_password_at_least_32_characters' });
    expect(await old.copy(other.send).json('/me')).toBe(401);
    const seal = old.jar.get('acme-session') as string;
    const changed = [seal.replace('Fe26', 'Fe27'), seal.replace(/\*(\d{13})\*/, '*9$1*'), seal.replace(/~2$/, '')];
    for (const bad of [...changed, seal.slice(9), 'junk', '%', 'a*b*c*d*e*f*g*h~2']) {
      const response = await swapOf().send('/me', { headers: { cookie: `acme-session=${bad}` } });
      expect([bad, response.status]).toEqual([bad, 401]);
    }
  });

  it('ends on its day', async () => {
    const old = await signedIn();
    const swap = swapOf();
    swap.time.now += 7 * day;
    expect(await old.copy(swap.send).json('/me')).toBe(401);
  });
});
