import { type Exchange, safeReturnTo } from '@portcullis/core';
import { serializeCookie } from '@portcullis/core/cookies';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { z } from 'zod';
import { secretText } from '../input.js';
import type { Account } from '../users.js';
import { providerLinks } from './federation-views.js';
import { csrfField, type Html } from './layout.js';
import { createViews, deviceCookie, type WebParts } from './views.js';

const returnTo = z.string().max(2048).default('');
const SignIn = z.object({
  email: z.string().max(254),
  password: z.string().max(1000),
  remember: z.string().optional(),
  returnTo,
});
const Code = z.object({ code: secretText(100) });

const codeLifetimeMs = 5 * 60_000;
const year = 31_536_000;

const form = (fields: { readonly csrf: string; readonly email: string; readonly returnTo: string }): Html => html`
  <form method="post" action="/sign-in" class="card narrow">
    ${csrfField(fields.csrf)}
    <input type="hidden" name="returnTo" value="${fields.returnTo}" />
    <label for="email">Email address</label>
    <input id="email" name="email" type="email" autocomplete="username" required maxlength="254" value="${fields.email}" />
    <label for="password">Password</label>
    <input id="password" name="password" type="password" autocomplete="current-password" required />
    <label class="check"><input type="checkbox" name="remember" /> Stay signed in on this device</label>
    <button>Sign in</button>
  </form>`;

const codeForm = (csrf: string): Html => html`
  <form method="post" action="/sign-in/code" class="card narrow">
    ${csrfField(csrf)}
    <label for="code">Code</label>
    <input id="code" name="code" autocomplete="one-time-code" required maxlength="100" aria-describedby="code-help" />
    <p id="code-help" class="quiet">Six digits out of your authenticator app, or one of your recovery codes.</p>
    <button>Go on</button>
  </form>
  <p><a href="/sign-in">Begin again</a></p>`;

export interface Proof {
  readonly user: Account;
  readonly startedAt: number;
  readonly remember: boolean;
  /** What proved who they are. Default: what the user has, password first. */
  readonly amr?: readonly string[];
}

/** Signing in, for the forms that end in it. */
export function createSignIn({ auth, credentials, site }: WebParts) {
  const { g, sessions } = auth;

  /** Everything was right: a session, and a token for the device. */
  async function open(exchange: Exchange, { user, startedAt, remember, amr }: Proof) {
    const before = await sessions.read(exchange.request);
    const session = await sessions.signIn(exchange, {
      user: user.id,
      startedAt,
      remember,
      amr: amr ?? (user.totpSealed === null ? ['pwd'] : ['pwd', 'otp', 'mfa']),
      // For browsers that do not say where a form came from: it was checked when the form was read.
      ...(before !== undefined && { csrfToken: sessions.csrfToken(before) }),
    });
    const device = await credentials.succeeded(user, { address: exchange.request.ip });
    const attributes = { path: '/', secure: true, httpOnly: true, sameSite: 'lax', maxAge: year } as const;
    exchange.response.append('set-cookie', serializeCookie(deviceCookie, device, attributes));
    return session;
  }

  return {
    open,
    /** The same for a form, and on. */
    async finish(c: Context, { returnTo: target, ...proof }: Proof & { readonly returnTo: string }): Promise<Response> {
      await open(g.exchange(c), proof);
      return c.redirect(safeReturnTo(target, { origin: site.url, fallback: '/posts' }), 303);
    },
  };
}

export function signInPages(parts: WebParts) {
  const { auth, credentials, federation, site, users } = parts;
  const { g, sessions } = auth;
  const { client, readForm, show } = createViews(parts);
  const { finish } = createSignIn(parts);
  const title = 'Sign in';

  const page = (fields: Parameters<typeof form>[0]): Html =>
    html`${form(fields)}
      ${federation && html`<p class="or">or</p>`}
      ${federation && providerLinks(federation.providers, '/auth', { origin: site.url, returnTo: fields.returnTo })}
      <p>No account yet? <a href="/sign-up">Sign up</a></p>`;

  /** The sign-in whose password was right, if that is not too long ago. */
  async function pendingOf(c: Context) {
    const session = await sessions.read(g.exchange(c).request);
    const pending = session?.data.pending;
    if (session === undefined || pending === undefined || Date.now() - pending.startedAt > codeLifetimeMs)
      return undefined;
    const user = users.find(pending.user);
    return user === undefined ? undefined : { session, user, pending };
  }

  return new Hono()
    .get('/sign-in', g.optional(), async (c) => {
      const target = safeReturnTo(c.req.query('returnTo'), { origin: site.url, fallback: '/posts' });
      if (c.var.auth !== undefined) return c.redirect(target, 303);
      const session = await sessions.anonymous(g.exchange(c));
      return show(c, { title, body: page({ csrf: sessions.csrfToken(session), email: '', returnTo: target }) });
    })

    .post('/sign-in', g.optional(), async (c) => {
      const { email, password, remember, returnTo: target } = await readForm(c, SignIn);
      const check = await credentials.checkPassword(email, password, client(c));
      const exchange = g.exchange(c);
      if (check.outcome !== 'right') {
        const error =
          check.outcome === 'wrong'
            ? 'The address or the password is wrong.'
            : (check.denial.detail ?? 'Too many attempts to sign in. Wait a little.');
        const fields = check.outcome === 'refused' ? (check.denial.headers ?? []) : [];
        for (const [name, value] of fields) c.header(name, value);
        const session = await sessions.anonymous(exchange);
        const body = page({ csrf: sessions.csrfToken(session), email, returnTo: target });
        return show(c, { title, body, error }, check.outcome === 'wrong' ? 422 : 429);
      }
      const { user, startedAt } = check;
      const proof = { startedAt, remember: remember !== undefined, returnTo: target };
      if (user.totpSealed === null) return finish(c, { ...proof, user });
      await sessions.update(exchange.request, (data) => ({ ...data, pending: { ...proof, user: user.id } }));
      return c.redirect('/sign-in/code', 303);
    })

    .get('/sign-in/code', g.optional(), async (c) => {
      const found = await pendingOf(c);
      if (found === undefined) return c.redirect('/sign-in', 303);
      return show(c, { title: 'Second factor', body: codeForm(sessions.csrfToken(found.session)) });
    })

    .post('/sign-in/code', g.optional(), async (c) => {
      const { code } = await readForm(c, Code);
      const found = await pendingOf(c);
      if (found === undefined) return c.redirect('/sign-in', 303);
      const { session, user, pending } = found;
      if (await credentials.checkCode(user, code)) return finish(c, { ...pending, user });
      const error = 'The code is wrong, or was used before. After five wrong ones wait for five minutes.';
      return show(c, { title: 'Second factor', body: codeForm(sessions.csrfToken(session)), error }, 422);
    })

    .post('/sign-out', g.optional(), async (c) => {
      const { auth: caller } = c.var;
      if (caller !== undefined) {
        await readForm(c, z.object({}));
        await sessions.signOut(g.exchange(c));
      }
      return c.redirect('/sign-in?notice=signed-out', 303);
    });
}
