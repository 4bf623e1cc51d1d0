import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { commonPasswords } from '../src/common-passwords.js';
import { commonPasswordsList } from '../src/common-passwords-list.js';
import { createBreachCheck, createPasswords } from '../src/index.js';
import { countingEngine } from './fast.js';

const passwordsWith = (options: Parameters<typeof createPasswords>[0]) =>
  createPasswords({ engines: [countingEngine()], ...options });
const endpoint = 'https://range.example/range/';

describe('commonPasswords', () => {
  it(`has at least 3,000 that match the policy beside a second factor ${requirement('P14')}`, async () => {
    expect(commonPasswordsList.split(' ').length).toBeGreaterThan(17_000);
    const { check } = passwordsWith({ blocklist: commonPasswords });
    expect(await check('PassWord', { secondFactor: true })).toMatchObject([{ code: 'common' }]);
    expect(await check('12345678', { secondFactor: true })).toMatchObject([{ code: 'common' }]);
  });

  it(`compares the whole password, not a part of it ${requirement('P15')}`, async () => {
    const { check } = passwordsWith({ blocklist: commonPasswords });
    expect(await check('password and then some')).toEqual([]);
  });

  it(`refuses context words as the whole password ${requirement('P14')}`, async () => {
    const { check } = passwordsWith({});
    const words = ['ada.lovelace@example.org', 'Portcullis Demo Shop'];
    expect(await check('ADA.lovelace@example.org', { words })).toMatchObject([{ code: 'context' }]);
    expect(await check('portcullis demo shop!', { words })).toEqual([]);
  });
});

describe('createBreachCheck', () => {
  // SHA-1 of "password" is 5BAA6 1E4C9B93F3F0682250B6CF8331B7EE68FD8.
  const answer =
    '003D68EB55068C33ACE09247EE4C639306B:3\r\n1E4C9B93F3F0682250B6CF8331B7EE68FD8:52256179\r\n00000000000000000000000000000000000:0';

  it('tells only five hex digits to the service', async () => {
    const asked: string[] = [];
    const fetch = async (url: string, init?: RequestInit) => {
      asked.push(`${url} ${JSON.stringify(init?.headers)}`);
      return new Response(answer);
    };
    const check = createBreachCheck({ endpoint, fetch });
    expect(await check.timesSeen('password')).toBe(52_256_179);
    expect(await check.timesSeen('never seen by anyone')).toBe(0);
    expect(asked[0]).toBe(`${endpoint}5BAA6 {"Add-Padding":"true"}`);
  });

  it('fails closed, unless told to accept', async () => {
    for (const fetch of [
      async () => new Response('no', { status: 500 }),
      async () => Promise.reject(new TypeError('down')),
      async () => new Response('x'.repeat(300_000)),
    ]) {
      const breachCheck = createBreachCheck({ endpoint, fetch });
      const password = 'a long enough password';
      await expect(passwordsWith({ breachCheck }).check(password)).rejects.toMatchObject({ status: 503 });
      expect(await passwordsWith({ breachCheck, onBreachCheckUnavailable: 'accept' }).check(password)).toEqual([]);
    }
    expect(() => createBreachCheck({ endpoint: 'http://range.example/' })).toThrow(/https/);
  });

  it('refuses a breached password', async () => {
    const breachCheck = createBreachCheck({ endpoint, fetch: async () => new Response(answer) });
    expect(await passwordsWith({ breachCheck }).check('password', { secondFactor: true })).toMatchObject([
      { code: 'breached' },
    ]);
  });
});
