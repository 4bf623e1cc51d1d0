import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import type { Post } from '../../src/api-client.js';
import type { Harness } from './harness.js';

/** Posts: reading, writing, and whose they are. */
export function postsSuite(harness: Harness): void {
  describe('posts', () => {
    it('lists them newest first, by cursor', async () => {
      const first = await harness.ada.call<{ posts: Post[]; cursor: number }>('GET', '/api/posts?limit=3');
      expect(first.body.posts).toHaveLength(3);
      const next = await harness.ada.call<{ posts: Post[] }>('GET', `/api/posts?cursor=${first.body.cursor}`);
      const ids = [...first.body.posts, ...next.body.posts].map(({ id }) => id);
      expect(ids).toContain(1);
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => b - a));
    });

    it('makes and shows one', async () => {
      const made = await harness.write(harness.grace, 'On relays');
      expect(made).toMatchObject({ authorId: 'grace', title: 'On relays', body: 'Some words.' });
      const { status, body } = await harness.rex.call<Post>('GET', `/api/posts/${made.id}`);
      expect(status).toBe(200);
      expect(body).toEqual(made);
    });

    it('lets no reader write', async () => {
      const { status, body } = await harness.rex.call('POST', '/api/posts', { json: { title: 'No', body: 'No.' } });
      expect([status, body.code]).toEqual([403, 'permission_denied']);
    });

    it(`lets an author delete their own and nobody else's ${requirement('C4')}`, async () => {
      const { id } = await harness.write(harness.ada);
      expect((await harness.grace.call('DELETE', `/api/posts/${id}`)).status).toBe(403);
      expect((await harness.rex.call('DELETE', `/api/posts/${id}`)).status).toBe(403);
      expect((await harness.ada.call('DELETE', `/api/posts/${id}`)).status).toBe(204);
      expect((await harness.ada.call('GET', `/api/posts/${id}`)).status).toBe(404);
      expect((await harness.ada.call('DELETE', `/api/posts/${id}`)).status).toBe(404);
    });

    it("lets an administrator delete anybody's", async () => {
      const { id } = await harness.write(harness.grace);
      expect((await harness.root.call('DELETE', `/api/posts/${id}`)).status).toBe(204);
    });

    it('knows each post by one spelling of its id', async () => {
      expect((await harness.ada.call('GET', '/api/posts/2')).status).toBe(200);
      for (const id of ['02', '2.0', '2e0', '-2', 'x', '%32%00', '99999999999999999999']) {
        expect([id, (await harness.ada.call('GET', `/api/posts/${id}`)).status]).toEqual([id, 404]);
      }
    });
  });
}
