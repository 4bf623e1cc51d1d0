import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import Router from '@koa/router';
import { createGuard, createMemoryStorage, createPolicy, type Exchange } from '@portcullis/core';
import { expressEndpoint, expressGuard } from '@portcullis/express';
import { honoEndpoint, honoGuard } from '@portcullis/hono';
import { koaEndpoint, koaGuard } from '@portcullis/koa';
import { createOAuthClient, type OAuthClient } from '@portcullis/oauth-client';
import { createSessions } from '@portcullis/session';
import { requirement } from '@portcullis-internal/testkit';
import {
  type CertifiedProvider,
  certifiedProvider,
  type UserAgent,
  userAgent,
} from '@portcullis-internal/testkit/oidc';
import express from 'express';
import { Hono } from 'hono';
import Koa from 'koa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

function createApp(origin: string, issuer: string, responseMode: 'query' | 'form_post') {
  const storage = createMemoryStorage();
  const sessions = createSessions({ storage, csrf: { origins: [origin] } });
  const guard = createGuard({
    authenticators: [sessions.authenticator()],
    policy: createPolicy({ permissions: ['home:read'], roles: { user: ['home:read'] } }),
    roles: () => ['user'],
  });
  const oauth: OAuthClient<'example'> = createOAuthClient<'example'>({
    storage,
    origin,
    encryptionKeys: { current: 'k1', keys: { k1: randomBytes(32) } },
    limits: { dangerouslyAllowPrivateNetwork: true },
    providers: {
      example: {
        provider: {
          id: 'example',
          label: 'Example',
          issuer,
          discovery: 'oidc',
          openid: true,
          scopes: ['openid'],
          responseMode,
          profile: ({ claims }) => ({ subject: String(claims['sub']), emailVerified: false }),
        },
        clientId: 'app',
        credential: { secret: 'secret' },
      },
    },
  });
  const userOf = async ({ request }: Exchange): Promise<string | undefined> => (await sessions.read(request))?.user;
  const endpoints = {
    login: oauth.loginHandler(),
    link: oauth.loginHandler({ link: userOf }),
    callback: oauth.callbackHandler({
      signedInAs: userOf,
      async signedIn(result, exchange) {
        const user = result.link?.user ?? result.user ?? `user of ${result.profile.subject}`;
        await oauth.identities.link({ ...result.profile, provider: result.provider }, user);
        if (result.link !== undefined) return {};
        const { id, endsAt } = await sessions.signIn(exchange, { user, startedAt: result.startedAt });
        return { session: { id, user, endsAt } };
      },
      failed: ({ code, status }) => ({ status, headers: [['content-type', 'text/plain']], body: code }),
    }),
    logout: oauth.logoutHandler({
      async end(exchange) {
        const session = await sessions.read(exchange.request);
        await sessions.signOut(exchange);
        return session?.id;
      },
    }),
    backchannel: oauth.backchannelLogoutHandler({ end: ({ session }) => sessions.revoke(session) }),
  };
  return { guard, endpoints, oauth };
}

type App = ReturnType<typeof createApp>;

const frameworks: Readonly<Record<string, (app: App) => RequestListener>> = {
  express({ guard, endpoints }) {
    const g = expressGuard(guard);
    const app = express();
    app.use(g.closed());
    app.get('/auth/:provider', g.open(), expressEndpoint(endpoints.login));
    app.post('/link/:provider', g.authenticated(), expressEndpoint(endpoints.link));
    app.get('/auth/:provider/callback', g.open(), expressEndpoint(endpoints.callback));
    app.post('/auth/:provider/callback', g.open(), expressEndpoint(endpoints.callback));
    app.get('/auth/:provider/logout', g.open(), expressEndpoint(endpoints.logout));
    // A body parser before it, as many applications have.
    app.post(
      '/auth/:provider/logout',
      g.open(),
      express.urlencoded({ extended: false }),
      expressEndpoint(endpoints.logout),
    );
    app.post('/auth/:provider/backchannel', g.open(), expressEndpoint(endpoints.backchannel));
    app.get('/home', g.authenticated(), (req, res) => void res.send(g.auth(req).principal.id));
    app.use(g.errors());
    g.assertClosed(app);
    return app;
  },
  koa({ guard, endpoints }) {
    const g = koaGuard(guard);
    const app = new Koa();
    const router = new Router();
    app.use(g.errors());
    app.use(g.closed());
    router.get('/auth/:provider', g.open(), koaEndpoint(endpoints.login));
    router.post('/link/:provider', g.authenticated(), koaEndpoint(endpoints.link));
    router.get('/auth/:provider/callback', g.open(), koaEndpoint(endpoints.callback));
    router.post('/auth/:provider/callback', g.open(), koaEndpoint(endpoints.callback));
    router.get('/auth/:provider/logout', g.open(), koaEndpoint(endpoints.logout));
    router.post('/auth/:provider/logout', g.open(), koaEndpoint(endpoints.logout));
    router.post('/auth/:provider/backchannel', g.open(), koaEndpoint(endpoints.backchannel));
    router.get('/home', g.authenticated(), (ctx) => {
      ctx.body = g.auth(ctx).principal.id;
    });
    app.use(router.routes());
    g.assertClosed(app);
    return app.callback();
  },
  hono({ guard, endpoints }) {
    const g = honoGuard(guard);
    const app = new Hono();
    app.onError(g.errors());
    app.use(g.closed());
    app.get('/auth/:provider', g.open(), honoEndpoint(endpoints.login));
    app.post('/link/:provider', g.authenticated(), honoEndpoint(endpoints.link));
    app.on(['GET', 'POST'], '/auth/:provider/callback', g.open(), honoEndpoint(endpoints.callback));
    app.on(['GET', 'POST'], '/auth/:provider/logout', g.open(), honoEndpoint(endpoints.logout));
    app.post('/auth/:provider/backchannel', g.open(), honoEndpoint(endpoints.backchannel));
    app.get('/home', g.authenticated(), (c) => c.text(g.auth(c).principal.id));
    g.assertClosed(app);
    return getRequestListener(app.fetch) as unknown as RequestListener;
  },
};

describe.each(Object.keys(frameworks))('signing in through %s', { timeout: 30_000 }, (name) => {
  let op: CertifiedProvider;
  const closing: (() => void)[] = [];
  const urls: Record<'query' | 'form_post', string> = { query: '', form_post: '' };

  beforeAll(async () => {
    const pending: Record<string, RequestListener> = {};
    for (const mode of ['query', 'form_post'] as const) {
      const server = createServer((request, response) => pending[mode]?.(request, response));
      await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
      urls[mode] = `http://localhost:${(server.address() as AddressInfo).port}`;
      closing.push(() => {
        server.closeAllConnections();
        server.close();
      });
    }
    op = await certifiedProvider(() => [
      {
        client_id: 'app',
        client_secret: 'secret',
        redirect_uris: Object.values(urls).map((url) => `${url}/auth/example/callback`),
        post_logout_redirect_uris: [`${urls.query}/auth/example/logout`],
        backchannel_logout_uri: `${urls.query}/auth/example/backchannel`,
        backchannel_logout_session_required: true,
      },
    ]);
    for (const mode of ['query', 'form_post'] as const) {
      pending[mode] = frameworks[name]?.(createApp(urls[mode], op.issuer, mode)) as RequestListener;
    }
  });
  afterAll(async () => {
    for (const close of closing) close();
    await op.close();
  });

  const signIn = async (agent: UserAgent, path: string) => agent.follow(`${urls.query}${path}`);
  const confirm = async (agent: UserAgent, url: string): Promise<Response> => {
    const html = await (await agent.send(url)).text();
    const xsrf = /name="xsrf" value="([^"]*)"/.exec(html)?.[1] ?? '';
    const action = /action="([^"]*)"/.exec(html)?.[1] ?? '';
    return agent.send(action, { method: 'POST', body: new URLSearchParams({ xsrf, logout: 'yes' }) });
  };

  it(`leads through the provider back to where the user wanted, by 303 ${requirement('O29')}`, async () => {
    const agent = userAgent();
    const begun = await agent.send(`${urls.query}/auth/example?returnTo=/home`);
    expect([begun.status, begun.headers.get('cache-control')]).toEqual([303, 'no-store']);
    const { url, response } = await agent.follow(begun.headers.get('location') ?? '');
    expect(url).toBe(`${urls.query}/home`);
    expect(await response?.text()).toBe('user of ada');
  });

  it('ends the sessions here when the user signs out at the provider', async () => {
    const [agent, other] = [userAgent(), userAgent()];
    await signIn(agent, '/auth/example?returnTo=/home');
    await signIn(other, '/auth/example?returnTo=/home');
    expect((await agent.send(`${urls.query}/home`)).status).toBe(200);
    await confirm(agent, `${op.issuer}/session/end`);
    expect((await agent.send(`${urls.query}/home`)).status).toBe(401);
    // In the provider's other session of the same user nothing has happened.
    expect((await other.send(`${urls.query}/home`)).status).toBe(200);
  });

  it(`signs out at the provider too, and comes back ${requirement('I7')}`, async () => {
    const agent = userAgent();
    await signIn(agent, '/auth/example?returnTo=/home');
    const out = await agent.send(`${urls.query}/auth/example/logout`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ returnTo: '/goodbye' }),
    });
    expect(out.status).toBe(303);
    const to = new URL(out.headers.get('location') ?? '');
    expect(to.origin).toBe(op.issuer);
    expect(to.searchParams.get('id_token_hint')?.split('.')).toHaveLength(3);
    const back = (await confirm(agent, to.href)).headers.get('location') ?? '';
    expect(new URL(back).searchParams.get('state')).toBe(to.searchParams.get('state'));
    expect((await agent.send(`${urls.query}/auth/example/logout?state=forged`)).headers.get('location')).toBe('/');
    expect((await agent.send(back)).headers.get('location')).toBe('/goodbye');
    expect((await agent.send(`${urls.query}/home`)).status).toBe(401);
  });

  it('does not sign out for another site', async () => {
    const agent = userAgent();
    await signIn(agent, '/auth/example?returnTo=/home');
    const out = await agent.send(`${urls.query}/auth/example/logout`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    expect(out.status).toBe(403);
    expect((await agent.send(`${urls.query}/home`)).status).toBe(200);
  });

  it('takes what a provider posts from its own site', async () => {
    const agent = userAgent();
    const { response } = await agent.follow(`${urls.form_post}/auth/example?returnTo=/home`);
    const html = (await response?.text()) ?? '';
    const fields = [...html.matchAll(/name="([^"]*)" value="([^"]*)"/g)].map(([, field = '', value = '']) => [
      field,
      value,
    ]);
    expect(fields.map(([field]) => field)).toContain('code');
    // As a browser sends it: without any cookie that is SameSite=Lax.
    const posted = await agent.send(`${urls.form_post}/auth/example/callback`, {
      method: 'POST',
      credentials: 'omit',
      headers: { 'sec-fetch-site': 'cross-site', origin: op.issuer },
      body: new URLSearchParams(fields as [string, string][]),
    });
    expect(posted.status).toBe(303);
    const next = posted.headers.get('location') ?? '';
    expect(next).not.toContain('code=');
    expect(posted.headers.getSetCookie()).toEqual([]);
    const stranger = await fetch(next, { redirect: 'manual' });
    expect([stranger.status, await stranger.text()]).toEqual([403, 'sign_in_cross_site']);
    const done = await agent.follow(next);
    expect(done.url).toBe(`${urls.form_post}/home`);
    expect(await done.response?.text()).toBe('user of ada');
  });

  it('takes nothing that is posted to no sign-in, or by a provider that does not post', async () => {
    for (const url of Object.values(urls)) {
      const posted = await fetch(`${url}/auth/example/callback`, {
        method: 'POST',
        body: new URLSearchParams({ state: 'a'.repeat(43), code: 'x' }),
        redirect: 'manual',
      });
      expect([posted.status, await posted.text()]).toEqual([400, 'sign_in_unknown']);
      expect(posted.headers.getSetCookie()).toEqual([]);
    }
  });

  it('links for who is signed in, and begins nothing for a stranger', async () => {
    const agent = userAgent();
    expect((await agent.send(`${urls.query}/link/example`, { method: 'POST' })).status).toBe(401);
    await signIn(agent, '/auth/example?returnTo=/home');
    const begun = await agent.send(`${urls.query}/link/example?returnTo=/home`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    });
    expect(begun.status).toBe(303);
    const { url, response } = await agent.follow(begun.headers.get('location') ?? '');
    expect(url).toBe(`${urls.query}/home`);
    expect(await response?.text()).toBe('user of ada');
  });

  it('says what failed', async () => {
    const answer = await fetch(`${urls.query}/auth/example/callback?code=x&state=y`, { redirect: 'manual' });
    expect([answer.status, await answer.text()]).toEqual([400, 'sign_in_unknown']);
    expect((await fetch(`${urls.query}/auth/nobody`, { redirect: 'manual' })).status).toBe(400);
  });
});
