import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomToken } from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningExample, startExample } from '../start-example.js';
import { hasChromium, launch } from './chromium.js';
import { type Visitor, visit } from './visitor.js';

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

describe.skipIf(!hasChromium)('examples/express-oauth at examples/provider', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-provider-'));
  let browser: Browser;
  let provider: RunningExample;
  let app: RunningExample;
  let login: { readonly email: string; readonly password: string };
  let providerEnv: Readonly<Record<string, string>>;

  beforeAll(async () => {
    const [port, providerPort] = [await freePort(), await freePort()];
    const secret = randomToken();
    providerEnv = {
      PORT: String(providerPort),
      DATA_DIR: join(folder, 'provider'),
      CLIENT_SECRET: secret,
      REDIRECT_URI: `http://127.0.0.1:${port}/auth/yourservice/callback`,
    };
    provider = await startExample('provider', providerEnv);
    app = await startExample('express-oauth', {
      PORT: String(port),
      DATA_DIR: join(folder, 'app'),
      ISSUER: provider.url,
      CLIENT_SECRET: secret,
      ENCRYPTION_KEY: randomToken(32),
    });
    const [, , email = '', password = ''] = provider.lines[0]?.split(' ') ?? [];
    login = { email, password };
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await Promise.all([browser.close(), app.stop(), provider.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  async function atProvider(): Promise<Visitor> {
    const visitor = await visit(browser, app.url);
    await visitor.open('/');
    await visitor.page.getByRole('link', { name: 'Sign in with YourService' }).click();
    return visitor;
  }
  async function prove({ page }: Visitor): Promise<void> {
    await page.getByLabel('Email').fill(login.email);
    await page.getByLabel('Password').fill(login.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }
  async function signedIn(): Promise<Visitor> {
    const visitor = await atProvider();
    await prove(visitor);
    await visitor.page.getByRole('button', { name: 'Allow' }).click();
    await visitor.page.waitForURL(`${app.url}/`);
    return visitor;
  }

  it('signs a user of the service in, after they said yes', async () => {
    const visitor = await atProvider();
    expect(await visitor.heading()).toBe('Sign in to YourService');
    await prove(visitor);
    expect(await visitor.heading()).toBe('Let The example app in?');
    expect(await visitor.page.getByText(new URL(app.url).host).count()).toBe(1);
    await visitor.page.getByRole('button', { name: 'Allow' }).click();
    await visitor.page.waitForURL(`${app.url}/`);
    expect(await visitor.heading()).toBe('Hello Ada');
    await visitor.context.close();
  });

  it('takes its token at the API of the service, and no other', async () => {
    const visitor = await signedIn();
    await visitor.page.getByRole('link', { name: "What YourService's API says" }).click();
    const said = JSON.parse(await visitor.page.locator('pre').innerText()) as object;
    expect(said).toEqual({ status: 200, body: { id: 'ada', name: 'Ada' } });
    const api = async (headers: Record<string, string>) => (await fetch(`${provider.url}/api/me`, { headers })).status;
    expect([await api({}), await api({ authorization: 'Bearer made-up' })]).toEqual([401, 401]);
    await visitor.context.close();
  });

  it('goes back without an account when the user says no', async () => {
    const visitor = await atProvider();
    await prove(visitor);
    await visitor.page.getByRole('button', { name: 'Deny' }).click();
    await visitor.page.waitForURL(`${app.url}/?failed=sign_in_denied`);
    expect(await visitor.page.getByRole('alert').innerText()).toContain('was told no');
    await visitor.context.close();
  });

  it('asks who is there again once the user has signed out of the service', async () => {
    const visitor = await signedIn();
    const { page } = visitor;
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in with YourService' }).click();
    // Still signed in to the service: only the question is left.
    expect(await visitor.heading()).toBe('Let The example app in?');
    await page.goto(provider.url);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await visitor.open('/');
    await page.getByRole('link', { name: 'Sign in with YourService' }).click();
    expect(await visitor.heading()).toBe('Sign in to YourService');
    await visitor.context.close();
  });

  it(`takes no answer to the question from another site ${requirement('X1')}`, async () => {
    const visitor = await atProvider();
    await prove(visitor);
    const answer = await visitor.context.request.post(visitor.page.url(), {
      headers: { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' },
      data: 'answer=allow',
    });
    expect(answer.status()).toBe(403);
    await visitor.context.close();
  });

  it('keeps what it promised through a restart', async () => {
    const visitor = await signedIn();
    await provider.stop();
    provider = await startExample('provider', providerEnv);
    await visitor.open('/provider');
    expect(JSON.parse(await visitor.page.locator('pre').innerText())).toMatchObject({ status: 200 });
    await visitor.context.close();
  });
});
