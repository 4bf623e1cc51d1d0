import { networkOf } from '@portcullis/core/rate-limit';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { z } from 'zod';
import { email, secretText, text } from '../input.js';
import { answerOf } from '../problems.js';
import { csrfField, type Html } from './layout.js';
import { createSignIn } from './sign-in.js';
import { createViews, type WebParts } from './views.js';

const SignUp = z.object({ name: text(80), email, password: secretText(1000) });

const form = (csrf: string, given: { readonly name: string; readonly email: string }): Html => html`
  <form method="post" action="/sign-up" class="card narrow">
    ${csrfField(csrf)}
    <label for="name">Name</label>
    <input id="name" name="name" autocomplete="name" required maxlength="80" value="${given.name}" />
    <label for="email">Email address</label>
    <input id="email" name="email" type="email" autocomplete="username" required maxlength="254" value="${given.email}" />
    <label for="password">Password</label>
    <input id="password" name="password" type="password" autocomplete="new-password" required minlength="15" maxlength="256" aria-describedby="password-help" />
    <p id="password-help" class="quiet">At least 15 characters. A few words in a row are easy to remember and hard to guess.</p>
    <button>Sign up</button>
  </form>
  <p>Signed up before? <a href="/sign-in">Sign in</a></p>`;

/** Nobody's address is proved here: a service that sends mail would do so first, and answer a taken one by mail alone. */
export function signUpPages(parts: WebParts) {
  const { accounts, auth } = parts;
  const { g, sessions } = auth;
  const { readForm, show } = createViews(parts);
  const { finish } = createSignIn(parts);
  const title = 'Sign up';

  const csrfOf = async (c: Context): Promise<string> => sessions.csrfToken(await sessions.anonymous(g.exchange(c)));

  return new Hono()
    .get('/sign-up', g.optional(), async (c) => {
      if (c.var.auth !== undefined) return c.redirect('/posts', 303);
      return show(c, { title, body: form(await csrfOf(c), { name: '', email: '' }) });
    })

    .post('/sign-up', g.optional(), async (c) => {
      const input = await readForm(c, SignUp);
      const { request } = g.exchange(c);
      const limit = await auth.signUps.consume(networkOf(request.ip ?? 'unknown'));
      if (limit.outcome !== 'allowed') return answerOf(auth.guard.refuse(limit.denial));
      const startedAt = Date.now();
      const result = await accounts.signUp(input);
      if (result.outcome === 'refused')
        return show(c, { title, body: form(await csrfOf(c), input), error: result.refusal.message }, 422);
      return finish(c, { user: result.user, startedAt, remember: false, returnTo: '/posts?notice=welcome' });
    });
}
