import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { z } from 'zod';
import { secretText } from '../input.js';
import { identityList } from './federation-views.js';
import { csrfField, type Html } from './layout.js';
import { bySession, createViews, type SignedIn, type WebParts } from './views.js';

const NewPassword = z.object({ current: secretText(1000), next: secretText(1000) });

const passwordForm = (csrf: string, email: string, least: number): Html => html`
  <section aria-labelledby="password-title">
    <form method="post" action="/account/password" class="card">
      <h2 id="password-title">Password</h2>
      <p class="quiet">A change ends your other sessions and every token. Your keys stay.</p>
      ${csrfField(csrf)}
      <input type="hidden" name="username" autocomplete="username" value="${email}" />
      <label for="current">Current password</label>
      <input id="current" name="current" type="password" autocomplete="current-password" required />
      <label for="next">New password</label>
      <input id="next" name="next" type="password" autocomplete="new-password" required minlength="${least}" maxlength="256" aria-describedby="next-help" />
      <p id="next-help" class="quiet">At least ${least} characters.</p>
      <button>Change the password</button>
    </form>
  </section>`;

const factorLink = (isOn: boolean, remaining: number): Html => html`
  <section aria-labelledby="factor-title" class="card">
    <h2 id="factor-title">Second factor <span class="tag">${isOn ? 'on' : 'off'}</span></h2>
    <p>
      ${
        isOn
          ? `Signing in asks for a code of your app. You have ${remaining} recovery codes left.`
          : 'With an authenticator app, a stolen password alone opens nothing.'
      }
    </p>
    <p><a href="/account/second-factor">${isOn ? 'Turn it off' : 'Set it up'}</a></p>
  </section>`;

export function accountPages(parts: WebParts) {
  const { accounts, auth, credentials, federation, secondFactor } = parts;
  const { g, sessions } = auth;
  const { client, readForm, show, signedIn } = createViews(parts);

  async function account(c: Context, { user, viewer }: SignedIn, error?: string) {
    const isOn = user.totpSealed !== null;
    const body = html`
      <p class="quiet">${user.email ?? 'Without an address'}</p>
      ${
        user.passwordHash === null
          ? html`<p>You have no password here: you sign in with what is listed below.</p>`
          : passwordForm(viewer.csrf, user.email ?? user.id, isOn ? 8 : 15)
      }
      ${federation && identityList(federation, await federation.identitiesOf(user.id), viewer.csrf)}
      ${factorLink(isOn, isOn ? await secondFactor.remaining(user.id) : 0)}`;
    return show(c, { title: 'Account', path: '/account', body, viewer, error }, error === undefined ? 200 : 422);
  }

  return new Hono()
    .get('/account', g.authenticated(bySession), async (c) => account(c, await signedIn(c)))

    .post('/account/password', g.authenticated(bySession), async (c) => {
      const { current, next } = await readForm(c, NewPassword);
      const signed = await signedIn(c);
      const check = await credentials.checkPassword(signed.user.email ?? '', current, client(c));
      if (check.outcome === 'refused') return account(c, signed, check.denial.detail ?? 'Too many attempts.');
      if (check.outcome === 'wrong') return account(c, signed, 'The current password is wrong.');
      const { request } = g.exchange(c);
      const refusal = await accounts.changePassword(request, check.user, next);
      if (refusal !== undefined) return account(c, signed, refusal.message);
      await credentials.succeeded(check.user, { address: request.ip });
      // The user has just proved who they are: a new secret for the session, too.
      await sessions.reauthenticate(g.exchange(c), {
        amr: signed.session.amr ?? ['pwd'],
        csrfToken: signed.viewer.csrf,
      });
      return c.redirect('/account?notice=password-changed', 303);
    });
}
