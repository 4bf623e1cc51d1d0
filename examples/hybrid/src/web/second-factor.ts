import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { z } from 'zod';
import { secretText } from '../input.js';
import { csrfField, type Html } from './layout.js';
import { createViews, NoFields, type SignedIn, type WebParts } from './views.js';

const Enrolment = z.object({ code: secretText(100), endOthers: z.string().optional() });

const grouped = (secret: string): string => (secret.match(/.{1,4}/g) ?? []).join(' ');

const setUp = (csrf: string, shown: { readonly secret: string; readonly uri: string }): Html => html`
  <div class="card">
    <h2>1. Tell your app</h2>
    <p>Open this <a href="${shown.uri}">setup link</a> on the device with the app, or type this key into it:</p>
    <code class="secret" id="totp-secret">${grouped(shown.secret)}</code>
  </div>
  <form method="post" action="/account/second-factor/enable" class="card">
    <h2>2. Show that it works</h2>
    ${csrfField(csrf)}
    <label for="code">Code that the app shows</label>
    <input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="100" />
    <label class="check"><input type="checkbox" name="endOthers" checked /> End my other sessions</label>
    <button>Turn it on</button>
  </form>`;

const turnOff = (csrf: string): Html => html`
  <form method="post" action="/account/second-factor/disable" class="card">
    <p>After that, your password alone signs you in. Your recovery codes are forgotten.</p>
    ${csrfField(csrf)}
    <button>Turn it off</button>
  </form>`;

const codesOnce = (codes: readonly string[]): Html => html`
  <section class="card" aria-labelledby="codes-title">
    <h2 id="codes-title">Your recovery codes</h2>
    <p>Keep them where you find them without your device. Each is good once, and they are not shown again.</p>
    <ul class="list">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul>
    <p><a href="/account">I have stored them</a></p>
  </section>`;

/** Setting up and removing the second factor, for who has proved within ten minutes that it is them. */
export function secondFactorPages(parts: WebParts) {
  const { auth, secondFactor } = parts;
  const { g, sessions } = auth;
  const { readForm, show, signedIn } = createViews(parts);
  const fresh = { schemes: ['session'], maxAge: 600 } as const;
  const title = 'Second factor';

  async function enrolment(c: Context, { user, session, viewer }: SignedIn, error?: string) {
    const before = session.data.enrolment;
    const kept = before === undefined ? undefined : await secondFactor.reveal(user, before);
    const shown = kept ?? (await secondFactor.begin(user));
    if (shown.sealed !== before) {
      await sessions.update(g.exchange(c).request, (data) => ({ ...data, enrolment: shown.sealed }));
    }
    return show(c, { title, body: setUp(viewer.csrf, shown), viewer, error }, error === undefined ? 200 : 422);
  }

  return new Hono()
    .get('/account/second-factor', g.authenticated(fresh), async (c) => {
      const signed = await signedIn(c);
      if (signed.user.totpSealed === null) return enrolment(c, signed);
      return show(c, { title, body: turnOff(signed.viewer.csrf), viewer: signed.viewer });
    })

    .post('/account/second-factor/enable', g.authenticated(fresh), async (c) => {
      const { code, endOthers } = await readForm(c, Enrolment);
      const signed = await signedIn(c);
      const sealed = signed.session.data.enrolment;
      if (sealed === undefined || signed.user.totpSealed !== null) return c.redirect('/account/second-factor', 303);
      const codes = await secondFactor.enable(signed.user, sealed, code);
      if (codes === undefined) return enrolment(c, signed, 'The code is wrong. Is the clock of your device right?');
      const { request } = g.exchange(c);
      await sessions.update(request, ({ enrolment: _done, ...data }) => data);
      if (endOthers !== undefined) await sessions.revokeOthers(request);
      return show(c, { title, body: codesOnce(codes), viewer: signed.viewer, notice: 'The second factor is on.' });
    })

    .post('/account/second-factor/disable', g.authenticated(fresh), async (c) => {
      await readForm(c, NoFields);
      const { user } = await signedIn(c);
      await secondFactor.disable(user);
      return c.redirect('/account?notice=factor-off', 303);
    });
}
