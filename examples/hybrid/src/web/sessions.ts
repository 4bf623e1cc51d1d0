import type { SessionInfo } from '@portcullis/session';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { csrfField, type Html, time } from './layout.js';
import { bySession, createViews, NoFields, type WebParts } from './views.js';

const nameOf = ({ device: { browser, os } }: SessionInfo): string =>
  [browser ?? 'Unknown browser', os && `on ${os}`].filter(Boolean).join(' ');

const row = (session: SessionInfo, isThis: boolean, csrf: string): Html => html`
  <li class="card">
    <div class="row">
      <h2>${nameOf(session)} ${isThis ? html`<span class="tag">this one</span>` : ''}</h2>
      <form method="post" action="/sessions/${session.id}/end">
        ${csrfField(csrf)}<button class="danger" aria-label="End the session of ${nameOf(session)}">End</button>
      </form>
    </div>
    <p class="quiet">
      From ${session.ip ?? 'an unknown address'}, signed in ${time(session.createdAt)}, last seen ${time(session.lastSeenAt)}
    </p>
  </li>`;

/** Where a user is signed in. What a browser says of itself is a claim, and only shown. */
export function sessionPages(parts: WebParts) {
  const { g, sessions } = parts.auth;
  const { readForm, show, signedIn } = createViews(parts);

  return new Hono()
    .get('/sessions', g.authenticated(bySession), async (c) => {
      const { user, session, viewer } = await signedIn(c);
      const { items } = await sessions.list(user.id);
      const body = html`
        <p>Everywhere you are signed in. End what you do not know, then change your password.</p>
        <ul class="list">${items.map((one) => row(one, one.id === session.id, viewer.csrf))}</ul>
        ${
          items.length > 1
            ? html`<form method="post" action="/sessions/end-others">
                ${csrfField(viewer.csrf)}<button>End all others</button>
              </form>`
            : ''
        }`;
      return show(c, { title: 'Sessions', body, viewer });
    })

    .post('/sessions/end-others', g.authenticated(bySession), async (c) => {
      await readForm(c, NoFields);
      await sessions.revokeOthers(g.exchange(c).request);
      return c.redirect('/sessions?notice=others-ended', 303);
    })

    .post('/sessions/:id/end', g.authenticated(bySession), async (c) => {
      await readForm(c, NoFields);
      await sessions.revoke(c.req.param('id'), { user: c.var.auth.principal.id });
      return c.redirect('/sessions?notice=session-ended', 303);
    });
}
