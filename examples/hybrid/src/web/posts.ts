import { Hono } from 'hono';
import { html } from 'hono/html';
import { z } from 'zod';
import { readQuery, text } from '../input.js';
import type { Post } from '../posts.js';
import { csrfField, type Html, time } from './layout.js';
import { bySession, createViews, NoFields, type WebParts } from './views.js';

const pageSize = 20;
const Query = z.object({ before: z.coerce.number().int().positive().optional() });
const NewPost = z.object({ title: text(200), body: text(20_000) });

const newPost = (csrf: string): Html => html`
  <section aria-labelledby="write">
    <form method="post" action="/posts" class="card">
      <h2 id="write">Write a post</h2>
      ${csrfField(csrf)}
      <label for="title">Title</label>
      <input id="title" name="title" required maxlength="200" />
      <label for="body">Text</label>
      <textarea id="body" name="body" required maxlength="20000"></textarea>
      <button>Publish</button>
    </form>
  </section>`;

const article = (post: Post, author: string, csrf: string | undefined): Html => html`
  <li>
    <article class="card" aria-labelledby="post-${post.id}">
      <div class="row">
        <h2 id="post-${post.id}">${post.title}</h2>
        ${
          csrf === undefined
            ? ''
            : html`<form method="post" action="/posts/${post.id}/delete">
                ${csrfField(csrf)}<button class="danger" aria-label="Delete ${post.title}">Delete</button>
              </form>`
        }
      </div>
      <p class="text">${post.body}</p>
      <p class="quiet">${author}, ${time(post.createdAt)}</p>
    </article>
  </li>`;

export function postPages(parts: WebParts) {
  const { auth, posts, users } = parts;
  const { g, sessions } = auth;
  const { readForm, show, signedIn } = createViews(parts);
  const post = g.byParam('id', posts.find);

  return (
    new Hono()
      .get('/posts', g.require('posts:read', bySession), async (c) => {
        const { viewer, session } = await signedIn(c);
        const caller = c.var.auth;
        const found = posts.list({ before: readQuery(c, Query).before, limit: pageSize });
        const items = found.map((one) =>
          article(
            one,
            users.find(one.authorId)?.name ?? 'Somebody',
            caller.can('posts:delete', one) ? viewer.csrf : undefined,
          ),
        );
        const written = session.data.written.length;
        const body = html`
          ${caller.can('posts:create') ? newPost(viewer.csrf) : ''}
          ${written > 0 ? html`<p class="quiet" id="written">Written since you signed in: ${written}</p>` : ''}
          <ul class="list">${items}</ul>
          ${found.length === pageSize ? html`<p><a href="/posts?before=${found.at(-1)?.id}">Older posts</a></p>` : ''}`;
        return show(c, { title: 'Posts', body, viewer });
      })

      .post('/posts', g.require('posts:create', bySession), async (c) => {
        const { title, body } = await readForm(c, NewPost);
        const { id } = posts.create({ authorId: c.var.auth.principal.id, title, body });
        // Asked again when another window wrote meanwhile, so that each post is counted.
        await sessions.update(g.exchange(c).request, (data) => ({
          ...data,
          written: [...data.written, id].slice(-1000),
        }));
        return c.redirect('/posts?notice=post-created', 303);
      })

      // The same rule as in the API: it sees the post before this handler does.
      .post('/posts/:id/delete', g.require('posts:delete', post, bySession), async (c) => {
        await readForm(c, NoFields);
        posts.delete(c.var.resource.id);
        return c.redirect('/posts?notice=post-deleted', 303);
      })
  );
}
