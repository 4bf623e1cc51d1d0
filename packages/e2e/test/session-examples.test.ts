import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requirement } from '@portcullis-internal/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasShell, walkReadme } from './readme-walk.js';
import { type RunningExample, startExample, starting } from './start-example.js';

/** A browser, as far as these pages need one: it keeps cookies, and says where a form was sent from. */
interface Browser {
  readonly cookies: Map<string, string>;
  /** The fields of the last answer that set cookies. */
  setCookies: readonly string[];
  get(path: string): Promise<Response>;
  post(path: string, form?: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
}

function createBrowser(url: string, cookies: ReadonlyMap<string, string> = new Map()): Browser {
  const browser: Browser = {
    cookies: new Map(cookies),
    setCookies: [],
    get: (path) => send(path, { method: 'GET', headers: {} }),
    post: (path, form = {}, headers = { 'sec-fetch-site': 'same-origin' }) =>
      send(path, { method: 'POST', headers, body: new URLSearchParams(form) }),
  };
  async function send(path: string, init: Omit<RequestInit, 'headers'> & { readonly headers: Record<string, string> }) {
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...init.headers, ...(cookie !== '' && { cookie }) };
    const response = await fetch(new URL(path, url), { ...init, headers, redirect: 'manual' });
    browser.setCookies = response.headers.getSetCookie();
    for (const field of browser.setCookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
      if (value === '') browser.cookies.delete(name);
      else browser.cookies.set(name, value);
    }
    return response;
  }
  return browser;
}

const sessionCookie = '__Host-sid';

describe.each(['express-sessions', 'koa-sessions'])('examples/%s', { timeout: 2 * starting }, (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-sessions-'));
  const data = join(folder, 'data');
  let example: RunningExample;
  let login: { readonly email: string; readonly password: string };

  beforeAll(async () => {
    example = await startExample(name, { DATA_DIR: data });
    const [, , email = '', password = ''] = example.lines[0]?.split(' ') ?? [];
    login = { email, password };
  }, starting);
  afterAll(async () => {
    await example.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function signedIn(): Promise<Browser> {
    const browser = createBrowser(example.url);
    expect((await browser.post('/sign-in', login)).status).toBe(303);
    return browser;
  }

  it('prints one login, and stores its password nowhere', () => {
    expect(example.lines).toEqual([expect.stringMatching(/^login ada ada@example\.org [\w-]{43}$/)]);
    const stored = readdirSync(data)
      .map((file) => readFileSync(join(data, file), 'latin1'))
      .join('');
    expect(stored).toContain(login.email);
    expect(stored.includes(login.password)).toBe(false);
  });

  it('shows a form to whoever is not signed in', async () => {
    const response = await createBrowser(example.url).get('/');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.text()).toContain('action="/sign-in"');
  });

  it(`sets a cookie that is bound to this host, kept from scripts, and not stored by caches ${requirement('S11', 'S27')}`, async () => {
    const browser = createBrowser(example.url);
    const response = await browser.post('/sign-in', login);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/']);
    expect(response.headers.get('cache-control')).toContain('no-store');
    const field = browser.setCookies.find((each) => each.startsWith(`${sessionCookie}=`)) ?? '';
    expect(field.split('; ').slice(1).sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure']);
    expect(await (await browser.get('/')).text()).toContain('Signed in as ada');
  });

  it('answers a wrong password and an unknown user alike, without a cookie', async () => {
    const wrong = createBrowser(example.url);
    const first = await wrong.post('/sign-in', { ...login, password: 'not the password' });
    const second = await wrong.post('/sign-in', { ...login, email: 'nobody@example.org' });
    expect([first.status, second.status, wrong.cookies.size]).toEqual([403, 403, 0]);
    expect(await first.text()).toBe(await second.text());
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another origin, from a browser without Fetch metadata', { origin: 'https://evil.example' }],
    ['nowhere that it names', {}],
  ])(`refuses a sign-in that comes from %s ${requirement('X10')}`, async (_from, headers) => {
    const browser = createBrowser(example.url);
    const response = await browser.post('/sign-in', login, headers);
    expect([response.status, browser.cookies.size]).toEqual([403, 0]);
  });

  it(`refuses what another site sends with the cookie, and the session goes on ${requirement('X1')}`, async () => {
    const browser = await signedIn();
    for (const path of ['/sign-out', '/sessions/any/revoke', '/sign-in']) {
      const { status } = await browser.post(path, login, { 'sec-fetch-site': 'cross-site' });
      expect([path, status]).toEqual([path, 403]);
    }
    expect(await (await browser.get('/')).text()).toContain('Signed in as ada');
  });

  it("lists the user's sessions and ends another one", async () => {
    const own = await signedIn();
    const other = await signedIn();
    const page = await (await own.get('/')).text();
    expect(page.match(/\(this one\)/g)).toHaveLength(1);
    // The public id is the first part of the cookie's value; nothing else on the page belongs to a session's secret.
    const [id = ''] = other.cookies.get(sessionCookie)?.split('.') ?? [];
    expect(page).toContain(`action="/sessions/${id}/revoke"`);
    expect(page).not.toContain(other.cookies.get(sessionCookie));

    const anonymous = await createBrowser(example.url).post(`/sessions/${id}/revoke`);
    expect(anonymous.status).toBe(401);
    expect((await own.post(`/sessions/${id}/revoke`)).status).toBe(303);
    expect(await (await other.get('/')).text()).toContain('action="/sign-in"');
    expect(await (await own.get('/')).text()).not.toContain(id);
  });

  it(`kills a copied cookie with the sign-out ${requirement('S5')}`, async () => {
    const browser = await signedIn();
    const thief = createBrowser(example.url, browser.cookies);
    expect(await (await thief.get('/')).text()).toContain('Signed in as ada');

    expect((await browser.post('/sign-out')).status).toBe(303);
    const field = browser.setCookies.find((each) => each.startsWith(`${sessionCookie}=;`)) ?? '';
    for (const attribute of ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax', 'Max-Age=0']) {
      expect(field.split('; ')).toContain(attribute);
    }
    expect(browser.cookies.has(sessionCookie)).toBe(false);
    expect(await (await thief.get('/')).text()).toContain('action="/sign-in"');
  });

  it(`slows down who guesses, whatever they try next, and lets the owner in from a known device ${requirement('L2')}`, async () => {
    const owner = await signedIn();
    const guesser = createBrowser(example.url);
    const guess = { ...login, password: 'a guess' };
    const guesses = Array.from({ length: 10 }, async () => (await guesser.post('/sign-in', guess)).status);
    expect(await Promise.all(guesses)).toEqual(guesses.map(() => 403));

    // Not even the right password: it is not looked at.
    const limited = await guesser.post('/sign-in', login);
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await limited.text()).toContain('Too many attempts');
    expect((await owner.post('/sign-in', login)).status).toBe(303);
  });

  it.skipIf(!hasShell)('has a README whose commands answer as it says (needs bash, curl and sed)', async () => {
    const { told, given } = await walkReadme(name, { URL: example.url, PASSWORD: login.password });
    expect(told.length).toBeGreaterThan(8);
    expect(given).toEqual(told);
  });

  it('keeps users and sessions over a restart, and prints no login again', async () => {
    const browser = await signedIn();
    expect(await example.stop()).toBe(0);
    example = await startExample(name, { DATA_DIR: data });
    expect(example.lines).toEqual([]);
    const after = createBrowser(example.url, browser.cookies);
    expect(await (await after.get('/')).text()).toContain('Signed in as ada');
  });
});

describe('examples/koa-sessions and examples/express-sessions', () => {
  it.each(['auth', 'data', 'main', 'pages'])('have the same src/%s.ts', (file) => {
    const [koa, express] = ['koa', 'express'].map((framework) =>
      readFileSync(new URL(`../../../examples/${framework}-sessions/src/${file}.ts`, import.meta.url), 'utf8'),
    );
    expect(koa).toBe(express);
  });
});
