import { Hono } from 'hono';
import { html } from 'hono/html';
import type { Account } from '../users.js';
import { csrfField, type Html, time } from './layout.js';
import { bySession, createViews, NoFields, type WebParts } from './views.js';

const row = (user: Account, isSelf: boolean, csrf: string): Html => {
  const [action, label] = user.disabledAt === null ? ['disable', 'Disable'] : ['enable', 'Enable'];
  return html`
    <li class="card">
      <div class="row">
        <h2>${user.name} <span class="tag">${user.role}</span></h2>
        ${
          isSelf
            ? html`<span class="quiet">you</span>`
            : html`<form method="post" action="/users/${user.id}/${action}">
                ${csrfField(csrf)}<button class="${action === 'disable' ? 'danger' : ''}" aria-label="${label} ${user.name}">${label}</button>
              </form>`
        }
      </div>
      <p class="quiet">
        ${user.email ?? 'no address'} · ${user.passwordHash === null ? 'signs in elsewhere' : 'password'}${user.totpSealed === null ? '' : ' and second factor'}
        ${user.disabledAt === null ? '' : html` · disabled ${time(user.disabledAt)}`}
      </p>
    </li>`;
};

/** Administrators disable users: every session, key and token of theirs dies with that. */
export function userPages(parts: WebParts) {
  const { accounts, auth, users } = parts;
  const { g } = auth;
  const { readForm, show, signedIn } = createViews(parts);
  const user = g.byParam('id', (id) => users.find(id));

  return new Hono()
    .get('/users', g.require('users:read', bySession), async (c) => {
      const signed = await signedIn(c);
      const rows = users.list().map((one) => row(one, one.id === signed.user.id, signed.viewer.csrf));
      return show(c, { title: 'Users', body: html`<ul class="list">${rows}</ul>`, viewer: signed.viewer });
    })

    .post('/users/:id/disable', g.require('users:disable', user, bySession), async (c) => {
      await readForm(c, NoFields);
      await accounts.disable(c.var.resource.id, c.var.auth.principal.id);
      return c.redirect('/users?notice=user-disabled', 303);
    })

    .post('/users/:id/enable', g.require('users:disable', user, bySession), async (c) => {
      await readForm(c, NoFields);
      accounts.enable(c.var.resource.id);
      return c.redirect('/users?notice=user-enabled', 303);
    });
}
