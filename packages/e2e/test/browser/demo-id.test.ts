import { requirement } from '@portcullis-internal/testkit';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, launch } from './chromium.js';
import { type Starter, startStarter } from './starter.js';
import { type Visitor, visit } from './visitor.js';

const shelley = { name: 'Mary Shelley', email: 'mary@example.org' };

describe.skipIf(!hasChromium)('signing in with Demo ID in a browser', { timeout: 180_000 }, () => {
  let browser: Browser;
  let starter: Starter;

  beforeAll(async () => {
    [browser, starter] = await Promise.all([launch(), startStarter()]);
  }, 180_000);
  afterAll(() => Promise.all([browser.close(), starter.stop()]));

  const newcomer = () => visit(browser, starter.url);

  /** Says to Demo ID who is there. It believes that. */
  async function introduce(page: Page, { name, email }: typeof shelley): Promise<void> {
    await page.getByLabel('Your name').fill(name);
    await page.getByLabel('Your address').fill(email);
    await page.getByRole('button', { name: 'Continue' }).click();
  }
  async function enter({ page, open }: Visitor, person: typeof shelley): Promise<void> {
    await open('/sign-in');
    await page.getByRole('link', { name: 'Sign in with Demo ID' }).click();
    await introduce(page, person);
    await page.waitForURL(`${starter.url}/posts`);
  }
  async function leave({ page }: Visitor): Promise<void> {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/sign-in?notice=signed-out');
  }
  async function signedIn(user: string): Promise<Visitor> {
    const visitor = await newcomer();
    const { email, password } = starter.login(user);
    await visitor.signIn(email, password);
    await visitor.page.waitForURL('**/posts');
    return visitor;
  }
  async function link({ page, open }: Visitor, person: typeof shelley): Promise<void> {
    await open('/account');
    await page.getByRole('link', { name: 'Link Demo ID' }).click();
    await introduce(page, person);
    await page.waitForURL('**/account?notice=*');
  }
  async function whoAmI({ context }: Visitor): Promise<string> {
    const me = (await (await context.request.get(`${starter.url}/api/me`)).json()) as { principal: { id: string } };
    return me.principal.id;
  }

  it('signs up whoever is new, and knows them again', async () => {
    const visitor = await newcomer();
    await enter(visitor, shelley);
    expect(await visitor.page.getByText('Mary Shelley').first().isVisible()).toBe(true);
    const first = await whoAmI(visitor);
    await visitor.publish('The modern Prometheus');
    await leave(visitor);
    await enter(visitor, { ...shelley, name: 'Mary Godwin' });
    expect([await whoAmI(visitor), first === '']).toEqual([first, false]);
    await visitor.context.close();
  });

  it('leads to the page that was asked for, and to no other site', async () => {
    const visitor = await newcomer();
    await visitor.open('/keys');
    expect(await visitor.heading()).toBe('Sign in');
    await visitor.page.getByRole('link', { name: 'Sign in with Demo ID' }).click();
    await introduce(visitor.page, shelley);
    await visitor.page.waitForURL('**/keys');
    await leave(visitor);
    await visitor.open('/auth/demo?returnTo=https://evil.example/');
    await introduce(visitor.page, shelley);
    await visitor.page.waitForURL(`${starter.url}/posts`);
    await visitor.context.close();
  });

  it('shows what the provider says of the user, asked with the token from the vault', async () => {
    const visitor = await newcomer();
    await enter(visitor, shelley);
    await visitor.open('/account');
    await visitor.page.getByRole('link', { name: 'What it says of you' }).click();
    const said = JSON.parse(await visitor.page.locator('pre').innerText()) as object;
    expect(said).toMatchObject({ ...shelley, email_verified: false, sub: expect.stringMatching(/^[\da-f]{24}$/) });
    await visitor.context.close();
  });

  it('links an identity to a user who has a password, and unlinks it', async () => {
    const grace = { name: 'G. H.', email: 'grace@example.org' };
    const visitor = await signedIn('grace');
    await link(visitor, grace);
    expect(await visitor.page.getByText('From now on you can sign in with it.').isVisible()).toBe(true);
    await leave(visitor);
    await enter(visitor, grace);
    expect(await whoAmI(visitor)).toBe('grace');
    await visitor.open('/account');
    await visitor.page.getByRole('button', { name: 'Unlink Demo ID' }).click();
    await visitor.page.waitForURL('**/account?notice=identity-unlinked');
    await leave(visitor);
    // The address is grace's, and that is no reason: unlinked, they are somebody new.
    await enter(visitor, grace);
    expect(await whoAmI(visitor)).not.toBe('grace');
    await visitor.context.close();
  });

  it(`gives nobody an identity that somebody else has ${requirement('C9')}`, async () => {
    const owner = await newcomer();
    await enter(owner, shelley);
    const other = await signedIn('ada');
    await link(other, shelley);
    expect(new URL(other.page.url()).searchParams.get('notice')).toBe('identity-taken');
    expect(await whoAmI(other)).toBe('ada');
    await Promise.all([owner.context.close(), other.context.close()]);
  });

  it('has whoever has no password confirm at the provider who they are', async () => {
    const visitor = await newcomer();
    const { page } = visitor;
    await enter(visitor, shelley);
    const id = await whoAmI(visitor);
    await visitor.open('/confirm?returnTo=/account/second-factor');
    await page.getByRole('link', { name: 'Sign in with Demo ID' }).click();
    await introduce(page, shelley);
    await page.waitForURL('**/account/second-factor');
    expect(await whoAmI(visitor)).toBe(id);
    await visitor.context.close();
  });

  it('does not take away the last way in', async () => {
    const visitor = await newcomer();
    const percy = { name: 'Percy', email: 'percy@example.org' };
    await enter(visitor, percy);
    const id = await whoAmI(visitor);
    await visitor.open('/account');
    await visitor.page.getByRole('button', { name: 'Unlink Demo ID' }).click();
    await visitor.page.waitForURL('**/account?notice=identity-last');
    await leave(visitor);
    await enter(visitor, percy);
    expect(await whoAmI(visitor)).toBe(id);
    await visitor.context.close();
  });

  it('makes one user of ten tabs that sign up at once', async () => {
    const visitor = await newcomer();
    await visitor.open('/sign-in');
    const tabs = await Promise.all(Array.from({ length: 10 }, () => visitor.context.newPage()));
    for (const tab of tabs) await tab.goto(`${starter.url}/auth/demo?returnTo=/account`);
    await Promise.all(
      tabs.map(async (tab) => {
        await introduce(tab, { name: 'Claire', email: 'claire@example.org' });
        await tab.waitForURL('**/account');
      }),
    );
    const names = await Promise.all(tabs.map((tab) => tab.getByRole('heading', { level: 1 }).innerText()));
    expect(names).toEqual(Array(10).fill('Account'));
    const admin = await signedIn('root');
    await admin.open('/users');
    expect(await admin.page.getByRole('heading', { name: /^Claire/ }).count()).toBe(1);
    await Promise.all([visitor.context.close(), admin.context.close()]);
  });

  it('comes back from a user who cancelled, signed in as nobody', async () => {
    const visitor = await newcomer();
    await visitor.open('/sign-in');
    await visitor.page.getByRole('link', { name: 'Sign in with Demo ID' }).click();
    await visitor.page.getByRole('button', { name: 'Cancel' }).click();
    await visitor.page.waitForURL('**/sign-in?notice=sign-in-denied');
    expect(await visitor.page.getByText('You were not signed in').isVisible()).toBe(true);
    await visitor.open('/keys');
    expect(await visitor.heading()).toBe('Sign in');
    await visitor.context.close();
  });
});
