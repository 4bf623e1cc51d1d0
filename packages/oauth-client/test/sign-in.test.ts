import { requirement } from '@portcullis-internal/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { transactionCollection } from '../src/sign-in/transactions.js';
import { createBrowser } from './support/browser.js';
import { type Harness, origin, startHarness } from './support/sign-in-harness.js';

const open: Harness[] = [];
async function start(changes?: Parameters<typeof startHarness>[0]): Promise<Harness> {
  const harness = await startHarness(changes);
  open.push(harness);
  return harness;
}
let harness: Harness;
beforeEach(async () => {
  harness = await start();
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.provider.close();
});

describe('beginning a sign-in', () => {
  it(`asks for a code with S256, state and nonce, each fresh and of 256 bits ${requirement('O1', 'O4')}`, async () => {
    const urls = [new URL(await harness.begin()), new URL(await harness.begin())];
    for (const { searchParams } of urls) {
      expect(searchParams.get('response_type')).toBe('code');
      expect(searchParams.get('code_challenge_method')).toBe('S256');
      for (const name of ['code_challenge', 'state', 'nonce'])
        expect(searchParams.get(name), name).toMatch(/^[\w-]{43}$/);
      expect(searchParams.get('redirect_uri')).toBe(`${origin}/auth/example/callback`);
    }
    for (const name of ['code_challenge', 'state', 'nonce'])
      expect(urls[0]?.searchParams.get(name)).not.toBe(urls[1]?.searchParams.get(name));
  });

  it('says what it was asked to say', async () => {
    const { searchParams } = new URL(
      await harness.begin({
        scopes: ['openid', 'email'],
        prompt: 'login',
        maxAge: 0,
        loginHint: 'ada',
        acrValues: ['gold', 'silver'],
        uiLocales: ['de', 'en'],
      }),
    );
    expect(Object.fromEntries(searchParams)).toMatchObject({
      scope: 'openid email',
      prompt: 'login',
      max_age: '0',
      login_hint: 'ada',
      acr_values: 'gold silver',
      ui_locales: 'de en',
    });
  });

  it('lets nothing in a record replace what protects the flow', async () => {
    const { begin } = await start({
      record: {
        authorizationParameters: {
          state: 'x',
          code_challenge: 'x',
          code_challenge_method: 'plain',
          nonce: 'x',
          foo: 'y',
        },
      },
    });
    const { searchParams } = new URL(await begin());
    expect(searchParams.get('foo')).toBe('y');
    expect(searchParams.getAll('state')).toHaveLength(1);
    expect(searchParams.get('state')).not.toBe('x');
    expect(searchParams.get('code_challenge_method')).toBe('S256');
  });

  it.each(['relative', 'https://api.example.org/#part'])(
    `refuses %s as a resource ${requirement('O14')}`,
    async (resource) => {
      await expect(harness.begin({ resource })).rejects.toThrow(/^resource: /);
    },
  );
});

describe('ending a sign-in', () => {
  it('gives profile, tokens, and where to go', async () => {
    harness.provider.claims = { email: 'ada@example.com', email_verified: true, acr: 'gold', amr: ['pwd'] };
    const result = await harness.signIn({ returnTo: '/inbox?x=1' });
    expect(result).toMatchObject({
      provider: 'example',
      user: undefined,
      returnTo: '/inbox?x=1',
      profile: {
        issuer: harness.provider.issuer,
        subject: 'user-1',
        name: 'Ada',
        email: 'ada@example.com',
        emailVerified: true,
      },
      acr: 'gold',
      amr: ['pwd'],
      authenticatedAt: harness.clock(),
    });
    expect(result.tokens.accessToken.reveal()).toBe('access-1');
    expect(result.tokens.expiresAt).toBe(harness.clock() + 3_600_000);
  });

  it(`repeats the redirect URI and the resource in the token request ${requirement('O11', 'O14')}`, async () => {
    const url = await harness.begin({ resource: ['https://a.example.org', 'https://b.example.org'] });
    await harness.complete(await harness.provider.authorize(url));
    const [request] = harness.provider.tokenRequests;
    expect(request?.get('redirect_uri')).toBe(new URL(url).searchParams.get('redirect_uri'));
    expect(request?.getAll('resource')).toEqual(['https://a.example.org', 'https://b.example.org']);
    expect(request?.get('code_verifier')).toMatch(/^[\w-]{43}$/);
  });

  it.each(['storage', 'sealed_cookie'] as const)(
    `succeeds in ten tabs of one browser, in any order, with transactions in %s ${requirement('O4')}`,
    async (transactions) => {
      const tabs = await start({ options: { transactions } });
      const urls: string[] = [];
      for (let tab = 0; tab < 10; tab++) urls.push(await tabs.begin({ returnTo: `/tab/${tab}` }));
      for (const tab of [7, 0, 9, 3, 1, 8, 2, 6, 5, 4]) {
        const { returnTo } = await tabs.complete(await tabs.provider.authorize(urls[tab] ?? ''));
        expect(returnTo).toBe(`/tab/${tab}`);
      }
      expect([...tabs.browser.cookies]).toEqual([]);
    },
  );

  it('lets a browser collect no more than twenty sign-ins', async () => {
    for (let tab = 0; tab < 30; tab++) {
      await harness.begin();
      harness.clock.advance(1);
    }
    expect(harness.browser.cookies.size).toBe(20);
  });

  it(`takes each once, and asks for no token the second time ${requirement('O5', 'D1')}`, async () => {
    const parameters = await harness.provider.authorize(await harness.begin());
    const cookies = new Map(harness.browser.cookies);
    await harness.complete(parameters);
    for (const [name, value] of cookies) harness.browser.cookies.set(name, value);
    await expect(harness.complete(parameters)).rejects.toMatchObject({ code: 'sign_in_unknown' });
    expect(harness.provider.tokenRequests).toHaveLength(1);
  });

  it(`has one winner of fifty at once ${requirement('D1')}`, async () => {
    const parameters = await harness.provider.authorize(await harness.begin());
    const cookies = new Map(harness.browser.cookies);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () => {
        const copy = createBrowser();
        for (const [name, value] of cookies) copy.cookies.set(name, value);
        return harness.complete(parameters, { browser: copy });
      }),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(harness.provider.tokenRequests).toHaveLength(1);
  });

  it(`asks for no token when the state is unknown or ten minutes old ${requirement('O5')}`, async () => {
    const parameters = await harness.provider.authorize(await harness.begin());
    for (const state of ['', 'x', 'a'.repeat(43)]) {
      const changed = new URLSearchParams(parameters);
      changed.set('state', state);
      await expect(harness.complete(changed)).rejects.toMatchObject({ code: 'sign_in_unknown' });
    }
    await expect(harness.complete(new URLSearchParams({ code: 'c' }))).rejects.toMatchObject({
      code: 'sign_in_unknown',
    });
    harness.clock.advance(600_000);
    await expect(harness.complete(parameters)).rejects.toMatchObject({ code: 'sign_in_unknown' });
    expect(harness.provider.tokenRequests).toEqual([]);
  });

  it('keeps the ten minutes without a storage too', async () => {
    const stateless = await start({ options: { transactions: 'sealed_cookie' } });
    const parameters = await stateless.provider.authorize(await stateless.begin());
    stateless.clock.advance(600_000);
    await expect(stateless.complete(parameters)).rejects.toMatchObject({ code: 'sign_in_unknown' });
  });

  it.each(['storage', 'sealed_cookie'] as const)(
    `refuses another browser, which cannot use the sign-in up, with transactions in %s ${requirement('O4')}`,
    async (transactions) => {
      const bound = await start({ options: { transactions } });
      const parameters = await bound.provider.authorize(await bound.begin());
      const other = createBrowser();
      await expect(bound.complete(parameters, { browser: other })).rejects.toMatchObject({
        status: expect.toSatisfy((s) => s === 400 || s === 403),
      });
      const [[name = ''] = []] = bound.browser.cookies;
      other.cookies.set(name, 'mehr4.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
      await expect(bound.complete(parameters, { browser: other })).rejects.toMatchObject({
        code: 'sign_in_cross_site',
      });
      expect(bound.provider.tokenRequests).toEqual([]);
      expect((await bound.complete(parameters)).profile.subject).toBe('user-1');
    },
  );

  it(`sets cookies that only this host gets, over https, and no script reads ${requirement('O4', 'O18')}`, async () => {
    const exchange = harness.browser.visit('/auth/example');
    await harness.oauth.begin(exchange, 'example');
    const cookies = exchange.appended.filter(([name]) => name === 'set-cookie').map(([, value]) => value);
    expect(cookies).toHaveLength(1);
    expect(cookies[0]).toMatch(/^__Host-oauth-[\w-]+=[\w.-]+; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    const stored = JSON.stringify(await harness.storage.collection(transactionCollection).scan({ limit: 10 }));
    const { searchParams } = new URL(await harness.begin());
    for (const name of ['state', 'nonce']) expect(stored).not.toContain(searchParams.get(name));
  });

  it(`keeps every token on the back end ${requirement('O18')}`, async () => {
    const exchange = harness.browser.visit('/auth/example');
    const { redirectTo } = await harness.oauth.begin(exchange, 'example');
    const back = harness.browser.visit('/auth/example/callback');
    const result = await harness.oauth.complete(back, 'example', {
      parameters: await harness.provider.authorize(redirectTo),
    });
    const sent = JSON.stringify([...exchange.appended, ...back.appended, result]);
    expect(sent).not.toContain(result.tokens.accessToken.reveal());
    expect(sent).not.toContain(result.tokens.idToken?.reveal());
  });

  it.each([
    '//evil.example',
    'https://evil.example/',
    String.raw`/\evil.example`,
    'javascript:alert(1)',
    '/%2f%2fevil.example',
    ['/a', '/b'],
    undefined,
  ])(`never returns to %j ${requirement('C27')}`, async (returnTo) => {
    expect((await harness.signIn({ returnTo })).returnTo).toBe('/');
  });

  it(`refuses a parameter that comes twice ${requirement('O16')}`, async () => {
    const parameters = await harness.provider.authorize(await harness.begin());
    for (const name of ['code', 'state', 'iss', 'foo']) {
      const twice = new URLSearchParams(parameters);
      twice.append(name, 'a');
      twice.append(name, 'b');
      await expect(harness.complete(twice), name).rejects.toMatchObject({ code: 'sign_in_unknown' });
    }
    expect(harness.provider.tokenRequests).toEqual([]);
  });
});

describe('what the provider says instead of a code', () => {
  it.each([
    ['access_denied', 'sign_in_denied'],
    ['login_required', 'sign_in_denied'],
    ['temporarily_unavailable', 'provider_unavailable'],
    ['invalid_scope', 'provider_refused'],
  ])('%s is %s', async (error, code) => {
    const parameters = await harness.provider.authorize(await harness.begin(), { code: undefined, error });
    await expect(harness.complete(parameters)).rejects.toMatchObject({ code, providerError: error });
    expect(harness.provider.tokenRequests).toEqual([]);
  });

  it('is told as an event, without a secret', async () => {
    const heard: unknown[] = [];
    harness.oauth.on('*', (event) => heard.push(event));
    const parameters = await harness.provider.authorize(await harness.begin(), { error: 'access_denied' });
    await expect(harness.complete(parameters)).rejects.toMatchObject({ code: 'sign_in_denied' });
    expect(heard).toMatchObject([
      { type: 'oauth.sign_in_begun', provider: 'example' },
      { type: 'oauth.sign_in_failed', code: 'sign_in_denied', providerError: 'access_denied' },
    ]);
    expect(JSON.stringify(heard)).not.toContain(parameters.get('state'));
  });
});

describe('who is linked to whom', () => {
  it(`finds a user by issuer and subject, whatever the address of e-mail says ${requirement('C9')}`, async () => {
    const { issuer } = harness.provider;
    await harness.oauth.identities.link({ issuer, subject: 'user-1', provider: 'example' }, 'u1');
    harness.provider.claims = { email: 'other@example.com', email_verified: true };
    expect((await harness.signIn()).user).toBe('u1');
    harness.provider.claims = { sub: 'user-2', email: 'ada@example.com', email_verified: true };
    harness.provider.userInfo = { sub: 'user-2' };
    expect((await harness.signIn()).user).toBeUndefined();
  });

  it('links for who began it and is still signed in, and for nobody else', async () => {
    const link = { user: 'u1' };
    for (const signedInAs of [undefined, 'u2']) {
      const parameters = await harness.provider.authorize(await harness.begin({ link }));
      await expect(harness.complete(parameters, signedInAs === undefined ? {} : { signedInAs })).rejects.toMatchObject({
        code: 'sign_in_cross_site',
      });
    }
    const parameters = await harness.provider.authorize(await harness.begin({ link }));
    expect((await harness.complete(parameters, { signedInAs: 'u1' })).link).toEqual(link);
  });

  it('refuses to link what another user has', async () => {
    const { issuer } = harness.provider;
    await harness.oauth.identities.link({ issuer, subject: 'user-1', provider: 'example' }, 'u2');
    const parameters = await harness.provider.authorize(await harness.begin({ link: { user: 'u1' } }));
    await expect(harness.complete(parameters, { signedInAs: 'u1' })).rejects.toMatchObject({ code: 'identity_taken' });
  });

  it.each(['cross-site', 'same-site', undefined])(
    'does not begin a link for a page of another site (%s)',
    async (site) => {
      const exchange = harness.browser.visit(
        '/auth/link',
        site === undefined ? {} : { headers: { 'sec-fetch-site': site } },
      );
      await expect(harness.oauth.begin(exchange, 'example', { link: { user: 'u1' } })).rejects.toMatchObject({
        code: 'sign_in_cross_site',
      });
    },
  );
});
