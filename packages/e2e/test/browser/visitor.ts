import type { Browser, BrowserContext, Page } from 'playwright-core';
import { totpCode } from '@portcullis/password';

/** A person with a browser profile of their own. */
export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  open(path: string): Promise<void>;
  signIn(email: string, password: string): Promise<void>;
  publish(title: string): Promise<void>;
  heading(): Promise<string>;
}

export async function visit(browser: Browser, url: string): Promise<Visitor> {
  const context = await browser.newContext();
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  return {
    context,
    page,
    open: async (path) => void (await page.goto(url + path)),
    async signIn(email, password) {
      await page.goto(`${url}/sign-in`);
      await page.getByLabel('Email address').fill(email);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
    },
    publish: (title) => publish(page, title),
    heading: () => page.getByRole('heading', { level: 1 }).innerText(),
  };
}

/** Fills in the form of the posts page that is open. */
export async function publish(page: Page, title: string): Promise<void> {
  await page.getByLabel('Title').fill(title);
  await page.getByLabel('Text').fill('Some words.');
  await page.getByRole('button', { name: 'Publish' }).click();
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** What an authenticator app shows, `ahead` steps of 30 seconds from now. */
export function codeOf(base32: string, ahead = 0): string {
  const bits = Array.from(base32.replaceAll(' ', ''), (char) =>
    alphabet.indexOf(char).toString(2).padStart(5, '0'),
  ).join('');
  const secret = Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
  return totpCode(secret, Math.floor(Date.now() / 30_000) + ahead);
}
