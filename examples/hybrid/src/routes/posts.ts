import { Hono } from 'hono';
import { z } from 'zod';
import type { Auth } from '../auth.js';
import { readBody, readQuery, text } from '../input.js';
import type { Posts } from '../posts.js';

const Page = z.object({
  cursor: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

export const NewPost = z.strictObject({
  title: text(200),
  body: text(20_000),
});

export function postRoutes({ g }: Auth, posts: Posts) {
  const post = g.byParam('id', posts.find);

  return (
    new Hono()
      .get('/', g.require('posts:read'), (c) => {
        const { cursor, limit } = readQuery(c, Page);
        const found = posts.list({ before: cursor, limit });
        return c.json({ posts: found, cursor: found.length === limit ? found.at(-1)?.id : undefined });
      })

      .get('/:id', g.require('posts:read', post), (c) => c.json(c.var.resource))

      .post('/', g.require('posts:create'), async (c) => {
        const { title, body } = await readBody(c, NewPost);
        return c.json(posts.create({ authorId: c.var.auth.principal.id, title, body }), 201);
      })

      // The rule of posts:delete sees the post before this handler does.
      .delete('/:id', g.require('posts:delete', post), (c) => {
        posts.delete(c.var.resource.id);
        return c.body(null, 204);
      })
  );
}
