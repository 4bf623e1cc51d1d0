import type { ApiKey } from '@portcullis/api-key';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { z } from 'zod';
import { text } from '../input.js';
import { issueKey } from '../issue-key.js';
import { permissionsOf, policy } from '../policy.js';
import { csrfField, type Html, time } from './layout.js';
import { bySession, createViews, NoFields, type WebParts } from './views.js';

const day = 86_400_000;
const NewKey = z.object({
  name: text(100),
  scopes: z.array(z.enum([...policy.permissions])).optional(),
  expiresInDays: z.union([z.literal(''), z.coerce.number().int().min(1).max(3650)]).default(''),
});

const newKey = (csrf: string, scopes: readonly string[]): Html => html`
  <section aria-labelledby="new-key">
    <form method="post" action="/keys" class="card">
      <h2 id="new-key">New key</h2>
      ${csrfField(csrf)}
      <label for="name">Name</label>
      <input id="name" name="name" required maxlength="100" placeholder="What it is for" />
      <label for="days">Days until it expires</label>
      <input id="days" name="expiresInDays" type="number" min="1" max="3650" value="90" aria-describedby="days-help" />
      <p id="days-help" class="quiet">Empty: it does not expire.</p>
      <fieldset>
        <legend>It may do</legend>
        <p class="quiet">With nothing ticked it may do whatever you may.</p>
        <div class="checks">
          ${scopes.map((scope) => html`<label class="check"><input type="checkbox" name="scopes[]" value="${scope}" /> ${scope}</label>`)}
        </div>
      </fieldset>
      <button>Make the key</button>
    </form>
  </section>`;

const shownOnce = (name: string, plaintext: string): Html => html`
  <section class="card" aria-labelledby="made">
    <h2 id="made">${name}</h2>
    <p>Copy it now. It is stored as a hash only, and is not shown again.</p>
    <code class="secret" id="plaintext">${plaintext}</code>
    <p><a href="/keys">To your keys</a></p>
  </section>`;

const row = (key: ApiKey, csrf: string): Html => html`
  <li class="card">
    <div class="row">
      <h2>${key.name ?? 'Key'} ${key.revokedAt === undefined ? '' : html`<span class="tag">revoked</span>`}</h2>
      ${
        key.revokedAt === undefined
          ? html`<div class="actions">
              <form method="post" action="/keys/${key.id}/rotate">
                ${csrfField(csrf)}<button aria-label="Rotate ${key.name}">Rotate</button>
              </form>
              <form method="post" action="/keys/${key.id}/revoke">
                ${csrfField(csrf)}<button class="danger" aria-label="Revoke ${key.name}">Revoke</button>
              </form>
            </div>`
          : ''
      }
    </div>
    <p class="quiet"><code>ink_live_${key.id}…</code> · ${key.scopes?.join(', ') ?? 'whatever you may'}</p>
    <p class="quiet">
      Made ${time(key.createdAt)} · ${key.lastUsedAt === undefined ? 'never used' : html`last used ${time(key.lastUsedAt)}`}
      ${key.expiresAt === undefined ? '' : html` · expires ${time(key.expiresAt)}`}
    </p>
  </li>`;

export function keyPages(parts: WebParts) {
  const { auth, users } = parts;
  const { g, keys } = auth;
  const { readForm, show, signedIn } = createViews(parts);
  const key = g.byParam('id', (id) => keys.get(id));
  const concealed = { ...bySession, conceal: true } as const;

  return (
    new Hono()
      .get('/keys', g.require('keys:read', bySession), async (c) => {
        const { user, viewer } = await signedIn(c);
        const { items } = await keys.list({ owner: user.id, limit: 100 });
        const body = html`
        <p>For programs that act for you. They call the API with <code>Authorization: Bearer</code>.</p>
        <ul class="list">${items.map((one) => row(one, viewer.csrf))}</ul>
        ${newKey(viewer.csrf, permissionsOf(c.var.auth))}`;
        return show(c, { title: 'Keys', body, viewer });
      })

      // Answered with the page itself, not with a redirect: a plaintext that had to wait for one would have to be stored.
      .post('/keys', g.require('keys:create', bySession), async (c) => {
        const { name, scopes, expiresInDays } = await readForm(c, NewKey);
        const expiresAt = expiresInDays === '' ? undefined : Date.now() + expiresInDays * day;
        const { response } = g.exchange(c);
        const issued = await issueKey(
          { keys, users },
          { auth: c.var.auth, input: { name, scopes, expiresAt }, response },
        );
        const { viewer } = await signedIn(c);
        return show(c, { title: 'Your new key', body: shownOnce(name, issued.key.reveal()), viewer }, 201);
      })

      .post('/keys/:id/rotate', g.require('keys:rotate', key, concealed), async (c) => {
        await readForm(c, NoFields);
        const { id, owner, name } = c.var.resource;
        const issued = await keys.rotate(id, { owner, graceMs: 0, response: g.exchange(c).response });
        const { viewer } = await signedIn(c);
        return show(c, { title: 'The key anew', body: shownOnce(name ?? 'Key', issued.key.reveal()), viewer });
      })

      .post('/keys/:id/revoke', g.require('keys:revoke', key, concealed), async (c) => {
        await readForm(c, NoFields);
        await keys.revoke(c.var.resource.id, { reason: `revoked by ${c.var.auth.principal.id}` });
        return c.redirect('/keys?notice=key-revoked', 303);
      })
  );
}
