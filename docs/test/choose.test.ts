import { readdirSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { createTestIssuer } from '@portcullis/jwt/testing';
import { openidProfile } from '@portcullis/oauth-client/providers';
import { type CertifiedProvider, certifiedProvider, userAgent } from '@portcullis-internal/testkit/oidc';
import { afterAll, describe, expect, it } from 'vitest';
import { outcomes } from '../.vitepress/theme/choices.js';
import { createApp as createHybrid } from '../snippets/choose/hybrid.js';
import { app as keysApp, key } from '../snippets/choose/keys.js';
import { createApp as createProviderApp } from '../snippets/choose/provider.js';
import { app as sessionsApp } from '../snippets/choose/sessions.js';
import { app as tokensApp, logIn, tokens } from '../snippets/choose/tokens.js';
import { app as verifierAsShown, createApp as createVerifier } from '../snippets/choose/verifier.js';

const closing: (() => unknown)[] = [];
afterAll(() => Promise.all(closing.map((close) => close())));

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('the code that the choice of a credential leads to', { timeout: 30_000 }, () => {
  it('is all run here', () => {
    const files = readdirSync(new URL('../snippets/choose', import.meta.url)).map((name) => name.replace('.ts', ''));
    expect(files.sort()).toEqual(Object.keys(outcomes).sort());
  });

  it('sessions: signs in with the right password only, and out again', async () => {
    // The page's own origin is in the code.
    const own = { origin: 'http://localhost:3000', 'content-type': 'application/x-www-form-urlencoded' };
    const url = await listen(createServer(sessionsApp));
    const send = (path: string, init: RequestInit = {}) => fetch(`${url}${path}`, { redirect: 'manual', ...init });
    const signIn = (email: string, password: string) =>
      send('/sign-in', { method: 'POST', headers: own, body: new URLSearchParams({ email, password }) });
    expect((await send('/')).status).toBe(401);
    expect((await signIn('ada@example.org', 'wrong')).status).toBe(401);
    expect((await signIn('nobody@example.org', 'correct horse battery staple')).status).toBe(401);
    const signedIn = await signIn('ada@example.org', 'correct horse battery staple');
    expect(signedIn.status).toBe(303);
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect(await (await send('/', { headers: { cookie } })).text()).toBe('Hello ada');
    const foreign = { cookie, origin: 'https://evil.example' };
    expect((await send('/sign-out', { method: 'POST', headers: foreign })).status).toBe(403);
    expect((await send('/sign-out', { method: 'POST', headers: { ...own, cookie } })).status).toBe(303);
    expect((await send('/', { headers: { cookie } })).status).toBe(401);
  });

  it('tokens: issues a pair, takes the one, renews with the other, and ends both', async () => {
    const response = await logIn('ada', Date.now());
    expect(response.headers.get('cache-control')).toBe('no-store');
    const pair = (await response.json()) as { access_token: string; refresh_token: string };
    expect(await (await tokensApp.request('/posts', bearer(pair.access_token))).json()).toEqual({ you: 'ada' });
    expect((await tokensApp.request('/posts')).status).toBe(401);
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'app',
      refresh_token: pair.refresh_token,
    });
    const renewed = await tokensApp.request('/token', { method: 'POST', body });
    const fresh = (await renewed.json()) as { access_token: string };
    expect((await tokensApp.request('/posts', bearer(fresh.access_token))).status).toBe(200);
    await tokens.revokeAll('ada');
    for (const token of [pair.access_token, fresh.access_token])
      expect((await tokensApp.request('/posts', bearer(token))).status).toBe(401);
    expect((await tokensApp.request('/token', { method: 'POST', body })).status).toBe(400);
  });

  it('verifier: takes what the issuer signed for us, and nothing else', async () => {
    const [issuer, stranger] = [await createTestIssuer(), await createTestIssuer()];
    const app = createVerifier(issuer.verifierOptions);
    const ask = async (token: string) => (await app.request('/posts', bearer(token))).status;
    expect(await ask(await issuer.mint({ sub: 'ada', scope: 'read:posts' }))).toBe(200);
    expect(await ask(await issuer.mint({ sub: 'ada', scope: '' }))).toBe(403);
    expect(await ask(await issuer.mint({ sub: 'ada', scope: 'read:posts', aud: 'https://mail.example.com' }))).toBe(
      401,
    );
    expect(await ask(await stranger.mint({ sub: 'ada', scope: 'read:posts' }))).toBe(401);
    // As it stands on the page it is for an issuer that nobody runs: closed to strangers without asking it.
    expect((await verifierAsShown.request('/posts')).status).toBe(401);
  });

  it('keys: a key reads where it may, and not further than it is for', async () => {
    expect((await keysApp.request('/reports')).status).toBe(401);
    expect(await (await keysApp.request('/reports', bearer(key.reveal()))).json()).toEqual({ customer: 'customer-17' });
    expect((await keysApp.request('/reports', { method: 'POST', ...bearer(key.reveal()) })).status).toBe(403);
    expect(String(key)).toBe('[redacted]');
  });

  it('hybrid: one user by each credential, and a route that takes sessions only', async () => {
    const issuer = await createTestIssuer();
    const { app, keys, sessions, g } = createHybrid(issuer.verifierOptions);
    const origin = 'https://app.example.com';
    app.post('/in', g.open(), async (c) => {
      await sessions.signIn(g.exchange(c), { user: 'ada' });
      return c.body(null, 204);
    });
    const signedIn = await app.request(`${origin}/in`, { method: 'POST', headers: { origin } });
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const made = await keys.create({ owner: 'ada' });
    const headers = {
      session: { cookie, origin },
      jwt: bearer(await issuer.mint({ sub: 'ada', scope: 'posts:read' })).headers,
      'api-key': bearer(made.key.reveal()).headers,
    };
    for (const [by, fields] of Object.entries(headers)) {
      expect(await (await app.request('/posts', { headers: fields })).json()).toEqual({ you: 'ada', by });
      const { status } = await app.request('/keys', { method: 'POST', headers: fields });
      expect([by, status]).toEqual([by, by === 'session' ? 201 : 401]);
    }
  });

  describe('provider', () => {
    it('signs in at a certified provider, is the same user the next time, and open to nobody else', async () => {
      let listener: RequestListener = () => {};
      const origin = await listen(createServer((request, response) => listener(request, response)));
      const op: CertifiedProvider = await certifiedProvider(() => [
        { client_id: 'app', client_secret: 'secret', redirect_uris: [`${origin}/auth/example/callback`] },
      ]);
      closing.push(() => op.close());
      const app = createProviderApp(
        origin,
        {
          provider: {
            id: 'example',
            label: 'Example',
            issuer: op.issuer,
            discovery: 'oidc',
            openid: true,
            scopes: ['openid', 'email'],
            profile: openidProfile,
          },
          clientId: 'app',
          credential: { secret: 'secret' },
        },
        { dangerouslyAllowPrivateNetwork: true },
      );
      listener = getRequestListener(app.fetch) as unknown as RequestListener;
      expect((await fetch(origin)).status).toBe(401);
      const greetings: (string | undefined)[] = [];
      // Two browsers, one after the other.
      for (const agent of [userAgent(), userAgent()])
        greetings.push(await (await agent.follow(`${origin}/auth/example?returnTo=/`)).response?.text());
      expect(greetings[0]).toMatch(/^Hello user-/);
      expect(greetings[1]).toBe(greetings[0]);
    });
  });
});
