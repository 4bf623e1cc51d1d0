import { safeReturnTo } from '@portcullis/core';
import type { Identity } from '@portcullis/oauth-client';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { z } from 'zod';
import type { Federation } from '../federation.js';
import { secretText } from '../input.js';
import { providerLinks } from './federation-views.js';
import { csrfField, type Html } from './layout.js';
import { bySession, createViews, type WebParts } from './views.js';

const Confirmation = z.object({
  password: secretText(1000),
  code: z.string().max(100).default(''),
  returnTo: z.string().max(2048),
});

const form = (csrf: string, hasFactor: boolean, returnTo: string): Html => html`
  <p>What comes next is sensitive, and it is a while since you signed in.</p>
  <form method="post" action="/confirm" class="card narrow">
    ${csrfField(csrf)}
    <input type="hidden" name="returnTo" value="${returnTo}" />
    <label for="password">Password</label>
    <input id="password" name="password" type="password" autocomplete="current-password" required />
    ${
      hasFactor
        ? html`<label for="code">Code of your app, or a recovery code</label>
            <input id="code" name="code" autocomplete="one-time-code" required maxlength="100" />`
        : ''
    }
    <button>Confirm</button>
  </form>`;

/** For who has no password here: whoever let them in says once more that it is them. */
const elsewhere = (
  { providers }: Federation,
  identities: readonly Identity[],
  where: { readonly origin: string; readonly returnTo: string },
): Html => html`
  <p>What comes next is sensitive, and it is a while since you signed in.</p>
  ${providerLinks(
    providers.filter(({ name, tellsTime }) => tellsTime && identities.some(({ provider }) => provider === name)),
    '/confirm',
    where,
  )}`;

/** Where a guard's `maxAge` sends who signed in too long ago: the same proof again, second factor included. */
export function confirmPages(parts: WebParts) {
  const { auth, credentials, federation, site } = parts;
  const { g, sessions } = auth;
  const { client, readForm, show, signedIn } = createViews(parts);
  const title = 'Confirm that it is you';
  const target = (value: string | undefined): string => safeReturnTo(value, { origin: site.url, fallback: '/account' });

  return new Hono()
    .get('/confirm', g.authenticated(bySession), async (c) => {
      const { user, viewer } = await signedIn(c);
      const returnTo = target(c.req.query('returnTo'));
      const body =
        user.passwordHash === null && federation !== undefined
          ? elsewhere(federation, await federation.identitiesOf(user.id), { origin: site.url, returnTo })
          : form(viewer.csrf, user.totpSealed !== null, returnTo);
      return show(c, { title, body, viewer });
    })

    .post('/confirm', g.authenticated(bySession), async (c) => {
      const { password, code, returnTo } = await readForm(c, Confirmation);
      const { user, viewer } = await signedIn(c);
      const check = await credentials.checkPassword(user.email ?? '', password, client(c));
      if (check.outcome === 'right' && (await credentials.checkCode(check.user, code))) {
        await credentials.succeeded(check.user, client(c));
        const amr = user.totpSealed === null ? ['pwd'] : ['pwd', 'otp', 'mfa'];
        await sessions.reauthenticate(g.exchange(c), { amr, csrfToken: viewer.csrf });
        return c.redirect(target(returnTo), 303);
      }
      const error =
        check.outcome === 'refused'
          ? (check.denial.detail ?? 'Too many attempts.')
          : 'The password or the code is wrong.';
      return show(c, { title, body: form(viewer.csrf, user.totpSealed !== null, returnTo), viewer, error }, 422);
    });
}
