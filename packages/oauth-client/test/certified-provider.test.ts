import { createMemoryStorage } from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import { userAgent } from '@portcullis-internal/testkit/user-agent';
import { exportJWK, generateKeyPair } from 'jose';
import * as protocol from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProviderRegistration } from '../src/connection/connection.js';
import { createOAuthClient, type OAuthClient } from '../src/create-oauth-client.js';
import { readTokenAnswer } from '../src/connection/read-token-answer.js';
import type { BeginOptions, SignInResult } from '../src/sign-in/sign-in.js';
import { withDpopNonce } from '../src/connection/with-dpop-nonce.js';
import { createBrowser } from './support/browser.js';
import { type StartedProvider, startProvider } from './support/providers.js';
import { keys, origin } from './support/sign-in-harness.js';
import { testProvider } from './support/test-provider.js';

const callback = `${origin}/auth/example/callback`;
let op: StartedProvider;
let assertionKey: CryptoKeyPair;

beforeAll(async () => {
  assertionKey = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(assertionKey.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const common = {
    redirect_uris: [callback],
    post_logout_redirect_uris: [`${origin}/auth/example/logout`],
    grant_types: ['authorization_code', 'refresh_token'],
  };
  op = await startProvider([
    { ...common, client_id: 'confidential', client_secret: 'a secret: with + and %' },
    { ...common, client_id: 'public', token_endpoint_auth_method: 'none' },
    {
      ...common,
      client_id: 'asserting',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [jwk] },
    },
    { ...common, client_id: 'pushing', client_secret: 'secret', require_pushed_authorization_requests: true },
    { ...common, client_id: 'bound', client_secret: 'secret', dpop_bound_access_tokens: true },
  ]);
});
afterAll(() => op.close());

function client(registration: Omit<ProviderRegistration, 'provider'>): OAuthClient<'example'> {
  return createOAuthClient<'example'>({
    storage: createMemoryStorage(),
    origin,
    encryptionKeys: keys,
    limits: { dangerouslyAllowPrivateNetwork: true },
    providers: {
      example: {
        provider: testProvider({
          issuer: op.issuer,
          scopes: ['openid', 'email', 'offline_access'],
          authorizationParameters: { prompt: 'consent' },
          profile: ({ claims, userInfo: [person] }) => ({
            subject: String(claims['sub']),
            email: (person as { readonly email?: string }).email,
            emailVerified: true,
          }),
        }),
        ...registration,
      },
    },
  });
}

/** A whole sign-in: the browser really goes to the provider and comes back. */
async function signIn(oauth: OAuthClient<'example'>, options?: BeginOptions): Promise<SignInResult> {
  const browser = createBrowser();
  const { redirectTo } = await oauth.begin(browser.visit('/auth/example'), 'example', options);
  const { url } = await userAgent().follow(redirectTo, (at) => at.startsWith(callback));
  const { searchParams: parameters } = new URL(url);
  return oauth.complete(browser.visit(url), 'example', { parameters });
}

const ada = { subject: 'ada', email: 'ada@example.org', emailVerified: true };

describe('a sign-in at a certified provider', () => {
  it(`with a secret, form-encoded in the header ${requirement('O1', 'O12')}`, async () => {
    const oauth = client({ clientId: 'confidential', credential: { secret: 'a secret: with + and %' } });
    const { profile, tokens, authenticatedAt } = await signIn(oauth, { maxAge: 600 });
    expect(profile).toMatchObject({ ...ada, issuer: op.issuer });
    expect(tokens).toMatchObject({ tokenType: 'bearer', refreshToken: expect.anything() });
    expect(Date.now() - (authenticatedAt ?? 0)).toBeLessThan(60_000);
  });

  it('as a public client', async () => {
    expect((await signIn(client({ clientId: 'public', credential: { none: true } }))).profile).toMatchObject(ada);
  });

  it(`with an assertion ${requirement('O13')}`, async () => {
    const credential = { privateKey: { key: assertionKey.privateKey, kid: 'k1' } };
    expect((await signIn(client({ clientId: 'asserting', credential }))).profile).toMatchObject(ada);
  });

  it(`with a pushed request, which the provider requires ${requirement('O24')}`, async () => {
    const oauth = client({ clientId: 'pushing', credential: { secret: 'secret' } });
    expect((await signIn(oauth)).profile).toMatchObject(ada);
    const without = client({ clientId: 'pushing', credential: { secret: 'secret' }, pushedAuthorization: false });
    await expect(signIn(without)).rejects.toMatchObject({ code: 'provider_refused' });
  });

  it('with tokens bound to a key, at a provider that wants its nonce in every proof', async () => {
    const dpopKeys = await protocol.generateKeyPair('ES256');
    const oauth = client({ clientId: 'bound', credential: { secret: 'secret' }, dpopKeys });
    const { profile, tokens } = await signIn(oauth);
    expect(profile).toMatchObject(ada);
    expect(tokens.tokenType).toBe('dpop');
  });

  it('and is refused with a wrong secret', async () => {
    const oauth = client({ clientId: 'confidential', credential: { secret: 'wrong' }, pushedAuthorization: false });
    await expect(signIn(oauth)).rejects.toMatchObject({ code: 'provider_refused', providerError: 'invalid_client' });
  });
});

describe('a refreshed ID token', () => {
  it(`keeps issuer, subject and audience ${requirement('I5')}`, async () => {
    const oauth = client({ clientId: 'confidential', credential: { secret: 'a secret: with + and %' } });
    const { tokens, claims } = await signIn(oauth);
    const connection = oauth.connection('example');
    let refreshToken = tokens.refreshToken;
    const refresh = (previous: Readonly<Record<string, unknown>>): Promise<unknown> =>
      connection.ask((server) =>
        withDpopNonce(connection.dpop, async () => {
          const response = await protocol.refreshTokenGrantRequest(
            server,
            connection.client,
            connection.clientAuth,
            refreshToken?.reveal() ?? '',
            connection.requestOptions(),
          );
          const read = await readTokenAnswer(connection, response, {
            server,
            scopes: [],
            idToken: 'optional',
            claims: { previous },
          });
          ({ refreshToken } = read);
          return read.claims?.['sub'];
        }),
      );
    expect(await refresh(claims)).toBe('ada');
    const good = refreshToken;
    for (const change of [{ sub: 'eve' }, { iss: 'https://evil.example' }, { aud: 'client-2' }]) {
      refreshToken = good;
      await expect(refresh({ ...claims, ...change })).rejects.toMatchObject({ code: 'provider_misbehaved' });
    }
  });
});

describe('signing out at a certified provider', () => {
  it(`sends the ID token as a hint, to the registered address exactly, and gets its state back ${requirement('I7')}`, async () => {
    const oauth = client({ clientId: 'confidential', credential: { secret: 'a secret: with + and %' } });
    const browser = createBrowser();
    const { redirectTo } = await oauth.begin(browser.visit('/auth/example'), 'example');
    const agent = userAgent();
    const { url } = await agent.follow(redirectTo, (at) => at.startsWith(callback));
    const { tokens } = await oauth.complete(browser.visit(url), 'example', { parameters: new URL(url).searchParams });
    const logout = await oauth.logoutUrl('example', {
      idTokenHint: tokens.idToken,
      postLogoutRedirectUri: `${origin}/auth/example/logout`,
      state: 'the-state',
    });
    const page = await agent.send(logout ?? '');
    expect(page.status).toBe(200);
    const html = await page.text();
    const field = (name: string): string => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
    const action = /action="([^"]*)"/.exec(html)?.[1] ?? '';
    const confirmed = await agent.send(action, {
      method: 'POST',
      body: new URLSearchParams({ xsrf: field('xsrf'), logout: 'yes' }),
    });
    expect(confirmed.headers.get('location')).toBe(`${origin}/auth/example/logout?state=the-state`);
    const elsewhere = await oauth.logoutUrl('example', { postLogoutRedirectUri: `${origin}/elsewhere` });
    expect((await agent.send(elsewhere ?? '')).status).toBe(400);
  });
});
