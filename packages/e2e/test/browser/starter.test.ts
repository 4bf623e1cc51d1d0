import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requirement } from '@portcullis-internal/testkit';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, launch } from './chromium.js';
import { type Starter, startStarter } from './starter.js';
import { codeOf, publish, visit } from './visitor.js';

const newPassword = 'a new pass phrase of several words';

describe.skipIf(!hasChromium)('examples/hybrid in a browser', { timeout: 180_000 }, () => {
  let browser: Browser;
  let starter: Starter;
  /** Somebody else's server: what it answers is what the page of an attacker is. */
  let stranger: Server;
  let strangersPage = '';

  beforeAll(async () => {
    stranger = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end(strangersPage);
    });
    await new Promise<void>((resolve) => void stranger.listen(0, '127.0.0.1', resolve));
    [browser, starter] = await Promise.all([launch(), startStarter()]);
  }, 180_000);
  afterAll(async () => {
    stranger.close();
    await Promise.all([browser.close(), starter.stop()]);
  });

  const strangerAt = (host: string): string => `http://${host}:${(stranger.address() as AddressInfo).port}/`;
  const newcomer = async () => visit(browser, starter.url);
  async function signedIn(user: string) {
    const visitor = await newcomer();
    const { email, password } = starter.login(user);
    await visitor.signIn(email, password);
    await visitor.page.waitForURL('**/posts');
    return visitor;
  }

  it('takes a newcomer through all of it, without a script', async () => {
    const visitor = await newcomer();
    const { page } = visitor;
    await visitor.open('/keys');
    expect([await visitor.heading(), new URL(page.url()).pathname]).toEqual(['Sign in', '/sign-in']);
    await page.getByRole('link', { name: 'Sign up' }).click();
    await page.getByLabel('Name').fill('Mary <b>Shelley</b>');
    await page.getByLabel('Email address').fill('mary@example.org');
    await page.getByLabel('Password').fill('it was on a dreary night');
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.waitForURL('**/posts?notice=welcome');
    expect(await page.getByText('Mary <b>Shelley</b>').first().isVisible()).toBe(true);

    await visitor.publish('A spark of being');
    expect(await page.getByRole('heading', { name: 'A spark of being' }).isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Delete A spark of being' }).click();
    await page.waitForURL('**/posts?notice=post-deleted');
    expect(await page.getByRole('heading', { name: 'A spark of being' }).count()).toBe(0);

    await visitor.open('/keys');
    await page.getByLabel('Name').fill('laptop');
    await page.getByLabel('posts:read').check();
    await page.getByRole('button', { name: 'Make the key' }).click();
    const key = await page.locator('#plaintext').innerText();
    const call = async () => (await fetch(`${starter.url}/api/posts`, { headers: { 'x-api-key': key } })).status;
    expect([key.startsWith('ink_live_'), await call()]).toEqual([true, 200]);
    await page.getByRole('link', { name: 'To your keys' }).click();
    expect(await page.content()).not.toContain(key);

    await visitor.open('/account');
    await page.getByLabel('Current password').fill('it was on a dreary night');
    await page.getByLabel('New password').fill(newPassword);
    await page.getByRole('button', { name: 'Change the password' }).click();
    await page.waitForURL('**/account?notice=password-changed');
    expect(await call()).toBe(200);
    await visitor.open('/keys');
    await page.getByRole('button', { name: 'Revoke laptop' }).click();
    await page.waitForURL('**/keys?notice=key-revoked');
    expect(await call()).toBe(401);

    // Proving it again leads back to our own pages only.
    await visitor.open('/confirm?returnTo=//evil.example/');
    await page.getByLabel('Password').fill(newPassword);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.waitForURL(`${starter.url}/account`);

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/sign-in?notice=signed-out');
    await visitor.signIn('mary@example.org', newPassword);
    await page.waitForURL('**/posts');
    await visitor.context.close();
  });

  it(`asks for the second factor at each sign-in once it is on, and takes a code once ${requirement('P21', 'S24')}`, async () => {
    const visitor = await signedIn('grace');
    const { page } = visitor;
    const other = await signedIn('grace');
    await visitor.open('/account');
    await page.getByRole('link', { name: 'Set it up' }).click();
    const secret = await page.locator('#totp-secret').innerText();
    await page.getByLabel('Code that the app shows').fill(codeOf(secret));
    await page.getByRole('button', { name: 'Turn it on' }).click();
    const codes = await page.locator('main li code').allInnerTexts();
    expect(codes.length).toBe(10);
    await other.open('/posts');
    expect(await other.heading()).toBe('Sign in');

    const { email, password } = starter.login('grace');
    const api = (json: object) =>
      fetch(`${starter.url}/api/tokens`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password, ...json }),
      });
    expect(((await (await api({})).json()) as { code: string }).code).toBe('second_factor_required');

    await other.signIn(email, password);
    expect(await other.heading()).toBe('Second factor');
    // Half a sign-in opens nothing.
    await other.open('/posts');
    expect(await other.heading()).toBe('Sign in');
    await other.open('/sign-in/code');
    const code = codeOf(secret, 1);
    await other.page.getByLabel('Code').fill(code);
    await other.page.getByRole('button', { name: 'Go on' }).click();
    await other.page.waitForURL('**/posts');
    expect((await api({ code })).status).toBe(401);
    expect((await api({ code: codes[0] })).status).toBe(200);
    expect((await api({ code: codes[0] })).status).toBe(401);
    await Promise.all([visitor.context.close(), other.context.close()]);
  });

  it(`has the browser store the cookie as it was meant, and another one at sign-in ${requirement('S11', 'S3')}`, async () => {
    const visitor = await newcomer();
    const sid = async () => (await visitor.context.cookies()).find(({ name }) => name === '__Host-sid');
    await visitor.open('/sign-in');
    const before = await sid();
    const { email, password } = starter.login('ada');
    await visitor.signIn(email, password);
    await visitor.page.waitForURL('**/posts');
    const after = await sid();
    expect(after).toMatchObject({
      domain: '127.0.0.1',
      path: '/',
      httpOnly: true,
      secure: true,
      sameSite: 'Lax',
      expires: -1,
    });
    expect([before?.value.length, after?.value === before?.value]).toEqual([after?.value.length, false]);
    expect(await visitor.page.evaluate('document.cookie')).toBe('');
    await visitor.context.addCookies([{ ...before!, value: before!.value }]);
    await visitor.open('/posts');
    expect(await visitor.heading()).toBe('Sign in');
    await visitor.context.close();
  });

  it(`refuses what pages of other origins send ${requirement('X2')}`, async () => {
    const visitor = await signedIn('ada');
    const { page } = visitor;
    strangersPage = `<form method="post" action="${starter.url}/posts"><input name="title" value="Forged"><input name="body" value="x"><button>Go</button></form>`;
    const statuses: number[] = [];
    // Another port is the same site, so its forms come with the cookie; another host is not.
    for (const host of ['127.0.0.1', 'localhost']) {
      await page.goto(strangerAt(host));
      const [response] = await Promise.all([
        page.waitForResponse((one) => one.request().method() === 'POST'),
        page.getByRole('button').click(),
      ]);
      statuses.push(response.status());
      await page.waitForLoadState();
    }
    expect(statuses).toEqual([403, 303]);
    await visitor.open('/posts');
    expect(await page.getByText('Forged').count()).toBe(0);
    await visitor.context.close();
  });

  it(`takes the session in the API too, where a form is refused ${requirement('X9')}`, async () => {
    const visitor = await signedIn('ada');
    const { request } = visitor.context;
    const headers = { origin: starter.url };
    const data = { title: 'By the API', body: 'Some words.' };
    const me = (await (await request.get(`${starter.url}/api/me`)).json()) as { credential: { scheme: string } };
    const written = await request.post(`${starter.url}/api/posts`, { headers, data });
    const form = await request.post(`${starter.url}/api/posts`, { headers, form: data });
    const plain = { ...headers, 'content-type': 'text/plain' };
    const text = await request.post(`${starter.url}/api/posts`, { headers: plain, data: JSON.stringify(data) });
    expect([me.credential.scheme, written.status(), form.status(), text.status()]).toEqual(['session', 201, 403, 403]);
    expect(((await form.json()) as { code: string }).code).toBe('csrf_rejected');
    await visitor.context.close();
  });

  it(`signs nobody in by a form of somebody else ${requirement('X10')}`, async () => {
    const visitor = await newcomer();
    const { page } = visitor;
    await visitor.open('/sign-in');
    // With the attacker's own password, and a token of a session of their own.
    const own = await (await fetch(`${starter.url}/sign-in`)).text();
    const token = /name="csrf" value="([^"]+)"/.exec(own)?.[1] ?? '';
    const { email, password } = starter.login('ada');
    const fields = { email, password, csrf: token, returnTo: '/posts' };
    const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
    strangersPage = `<form method="post" action="${starter.url}/sign-in">${inputs.join('')}<button>Go</button></form>`;
    for (const host of ['127.0.0.1', 'localhost']) {
      await page.goto(strangerAt(host));
      const [response] = await Promise.all([
        page.waitForResponse((one) => one.request().method() === 'POST'),
        page.getByRole('button').click(),
      ]);
      expect(response.status()).toBe(403);
      await visitor.open('/posts');
      expect(await visitor.heading()).toBe('Sign in');
    }
    await visitor.context.close();
  });

  it(`changes nothing by a link, and answers no other origin ${requirement('X12', 'X13')}`, async () => {
    const visitor = await signedIn('ada');
    for (const path of ['/posts/1/delete', '/sign-out', '/sessions/end-others']) {
      const answer = await visitor.context.request.get(starter.url + path, {
        headers: { origin: strangerAt('localhost').slice(0, -1) },
      });
      expect([path, answer.status(), answer.headers()['access-control-allow-origin']]).toEqual([path, 405, undefined]);
    }
    await visitor.open('/posts');
    expect(await visitor.page.getByRole('heading', { name: 'Notes on the engine' }).count()).toBe(1);
    await visitor.context.close();
  });

  it(`shows nothing behind the back button after a sign-out, and takes no cookie of before ${requirement('S4')}`, async () => {
    const visitor = await signedIn('ada');
    const { page, context } = visitor;
    await visitor.open('/account');
    expect(await page.content()).toContain('ada@example.org');
    const stolen = (await context.cookies()).filter(({ name }) => name === '__Host-sid');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/sign-in?notice=signed-out');
    await page.goBack();
    await page.waitForLoadState();
    expect(await page.content()).not.toContain('ada@example.org');
    expect(await visitor.heading()).toBe('Sign in');
    await context.addCookies(stolen);
    await visitor.open('/account');
    expect(await visitor.heading()).toBe('Sign in');
    await context.close();
  });

  it('loses nothing that two windows write at the same time', async () => {
    const visitor = await signedIn('ada');
    const windows = [visitor.page, await visitor.context.newPage()];
    await Promise.all(
      windows.map(async (page, window) => {
        for (let turn = 0; turn < 5; turn++) {
          await page.goto(`${starter.url}/posts`);
          await publish(page, `Window ${window}, turn ${turn}`);
          await page.waitForURL('**/posts?notice=post-created');
        }
      }),
    );
    await visitor.open('/posts');
    expect(await visitor.page.locator('#written').innerText()).toBe('Written since you signed in: 10');
    expect(await visitor.page.getByRole('heading', { name: /^Window \d, turn \d$/ }).count()).toBe(10);
    await visitor.context.close();
  });

  it(`lists sessions, and signs a window out at its next click when it was ended ${requirement('S23')}`, async () => {
    const [here, there] = [await signedIn('rex'), await signedIn('rex')];
    await here.open('/sessions');
    const items = here.page.locator('main li');
    expect(await items.count()).toBe(2);
    expect(await items.first().innerText()).toMatch(/Chrom.* on Linux[\s\S]*127\.0\.0\.1/);
    await items.filter({ hasNotText: 'this one' }).getByRole('button').click();
    await here.page.waitForURL('**/sessions?notice=session-ended');
    expect(await items.count()).toBe(1);
    await there.page.getByRole('link', { name: 'Keys' }).click();
    expect(await there.heading()).toBe('Sign in');
    await Promise.all([here.context.close(), there.context.close()]);
  });

  it(`ends every session, token and key of a user who is disabled ${requirement('S24', 'J33')}`, async () => {
    const [admin, rex] = [await signedIn('root'), await signedIn('rex')];
    const { email, password } = starter.login('rex');
    const login = () =>
      fetch(`${starter.url}/api/tokens`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password }),
      });
    const { access_token: token } = (await (await login()).json()) as { readonly access_token: string };
    const calls = () =>
      Promise.all(
        [token, starter.key('rex')].map(async (credential) => {
          const headers = { authorization: `Bearer ${credential}` };
          return (await fetch(`${starter.url}/api/me`, { headers })).status;
        }),
      );
    expect(await calls()).toEqual([200, 200]);
    // Some of these are under way when the user is disabled: none may outlive it.
    const racing = Array.from({ length: 6 }, login);
    await admin.open('/users');
    await admin.page.getByRole('button', { name: 'Disable Rex' }).click();
    await admin.page.waitForURL('**/users?notice=user-disabled');
    for (const response of await Promise.all(racing)) {
      const body = (await response.json()) as { readonly access_token?: string };
      const headers = { authorization: `Bearer ${body.access_token}` };
      if (response.ok) expect((await fetch(`${starter.url}/api/me`, { headers })).status).toBe(401);
    }
    expect([await calls(), (await login()).status]).toEqual([[401, 401], 401]);
    await rex.page.getByRole('link', { name: 'Keys' }).click();
    expect(await rex.heading()).toBe('Sign in');
    await Promise.all([admin.context.close(), rex.context.close()]);
  });
});
