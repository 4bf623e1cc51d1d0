import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import type { IssuedKey, KeySummary, Me } from '../../src/api-client.js';
import type { Harness } from './harness.js';

/** Keys: their whole life. */
export function keysSuite(harness: Harness): void {
  describe('keys', () => {
    it(`shows a new key once and lets no cache keep it ${requirement('C20', 'K10')}`, async () => {
      const { status, headers, body } = await harness.ada.call<IssuedKey>('POST', '/api/keys', {
        json: { name: 'laptop' },
      });
      expect(status).toBe(201);
      expect(headers.get('cache-control')).toBe('no-store');
      expect((await harness.as(body.key).call('GET', '/api/me')).status).toBe(200);

      const list = await harness.ada.call<{ keys: KeySummary[] }>('GET', '/api/keys');
      expect(list.body.keys.find(({ id }) => id === body.id)).toMatchObject({ name: 'laptop', owner: 'ada' });
      expect(JSON.stringify(list.body)).not.toContain(body.key);
      const { stdout, stderr } = harness.example.output();
      expect([...stdout, stderr].join()).not.toContain(body.key);
    });

    it(`holds a key to its scopes, and its owner to their role ${requirement('K7')}`, async () => {
      const narrow = harness.as((await harness.issue(harness.ada, { scopes: ['posts:read'] })).key);
      expect((await narrow.call('GET', '/api/posts')).status).toBe(200);
      const denied = await narrow.call('POST', '/api/posts', { json: { title: 'No', body: 'No.' } });
      expect([denied.status, denied.body.code]).toEqual([403, 'insufficient_scope']);
      expect(denied.headers.get('www-authenticate')).toContain('scope="posts:create"');
      const { body } = await narrow.call<Me>('GET', '/api/me');
      expect(body.permissions).toEqual(['posts:read']);

      const wide = harness.as((await harness.issue(harness.rex, { scopes: ['posts:read', 'posts:create'] })).key);
      expect((await wide.call('POST', '/api/posts', { json: { title: 'No', body: 'No.' } })).status).toBe(403);
    });

    it('lets no key make, or rotate to, one that may do more than itself', async () => {
      const maker = harness.as(
        (await harness.issue(harness.ada, { scopes: ['keys:create', 'keys:rotate', 'posts:read'] })).key,
      );
      const more = await maker.call('POST', '/api/keys', { json: { name: 'more', scopes: ['posts:delete'] } });
      expect([more.status, more.body.code]).toEqual([403, 'scope_exceeded']);
      const same = await harness.issue(maker);
      expect(same.scopes).toEqual(['keys:create', 'keys:rotate', 'posts:read']);
      expect((await harness.issue(maker, { scopes: ['posts:read'] })).scopes).toEqual(['posts:read']);

      const { id } = await harness.issue(harness.ada);
      expect((await maker.call('POST', `/api/keys/${id}/rotate`)).status).toBe(404);
      expect((await maker.call('POST', `/api/keys/${same.id}/rotate`)).status).toBe(200);
    });

    it(`lets a key end by itself, to the millisecond ${requirement('K5')}`, async () => {
      // A fifth of a second.
      const { key, expiresAt = 0 } = await harness.issue(harness.ada, { expiresInDays: 2.5e-6 });
      for (let status = 200; status === 200; ) {
        const begun = Date.now();
        ({ status } = await harness.as(key).call('GET', '/api/me'));
        if (status === 200) expect(begun).toBeLessThan(expiresAt);
        else expect([status, Date.now() >= expiresAt]).toEqual([401, true]);
      }
    });

    it(`slows a key down: 429 with Retry-After ${requirement('K9', 'L3')}`, async () => {
      const slow = harness.as((await harness.issue(harness.rex, { rateLimit: { limit: 2, windowMs: 600_000 } })).key);
      const answers = [];
      for (let call = 0; call < 3; call++) answers.push(await slow.call('GET', '/api/posts'));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
      const { headers, body } = answers[2]!;
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(299);
      expect(headers.get('ratelimit')).toMatch(/^"rate";r=0;t=\d+$/);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body).toMatchObject({ status: 429, code: 'rate_limited' });
      expect((await harness.rex.call('GET', '/api/posts')).status).toBe(200);
    });

    it('rotates: the old key ends at once, or after the grace', async () => {
      const first = await harness.issue(harness.ada);
      const second = await harness.ada.call<IssuedKey>('POST', `/api/keys/${first.id}/rotate`, {
        json: { graceSeconds: 600 },
      });
      expect([second.status, second.body.id]).toEqual([200, first.id]);
      expect(second.headers.get('cache-control')).toBe('no-store');
      for (const { key } of [first, second.body])
        expect((await harness.as(key).call('GET', '/api/me')).status).toBe(200);

      const third = await harness.ada.call<IssuedKey>('POST', `/api/keys/${first.id}/rotate`);
      expect(third.status).toBe(200);
      for (const { key } of [first, second.body])
        expect((await harness.as(key).call('GET', '/api/me')).status).toBe(401);
      expect((await harness.as(third.body.key).call('GET', '/api/me')).status).toBe(200);
    });

    it(`revokes: the next request is refused ${requirement('K5')}`, async () => {
      const { id, key } = await harness.issue(harness.grace);
      expect((await harness.as(key).call('GET', '/api/me')).status).toBe(200);
      expect((await harness.grace.call('DELETE', `/api/keys/${id}`)).status).toBe(204);
      expect((await harness.as(key).call('GET', '/api/me')).status).toBe(401);
      expect((await harness.grace.call('DELETE', `/api/keys/${id}`)).status).toBe(204);
      expect((await harness.grace.call('POST', `/api/keys/${id}/rotate`)).status).toBe(409);
    });

    it('refuses revoked, replaced and mistyped keys with one answer', async () => {
      const { id, key } = await harness.issue(harness.grace);
      await harness.grace.call('DELETE', `/api/keys/${id}`);
      const replaced = await harness.issue(harness.grace);
      await harness.grace.call('POST', `/api/keys/${replaced.id}/rotate`);
      const answers = await Promise.all(
        [key, replaced.key, 'ink_live_junk'].map((text) => harness.as(text).call('GET', '/api/me')),
      );
      const told = answers.map(({ status, headers, body }) => [status, headers.get('www-authenticate'), body]);
      expect(told[1]).toEqual(told[0]);
      expect(told[2]).toEqual(told[0]);
    });

    it("conceals others' keys; an administrator may revoke them, and get no plaintext", async () => {
      const { id, key } = await harness.issue(harness.ada);
      expect((await harness.grace.call('DELETE', `/api/keys/${id}`)).status).toBe(404);
      expect((await harness.grace.call('POST', `/api/keys/${id}/rotate`)).status).toBe(404);
      expect((await harness.root.call('POST', `/api/keys/${id}/rotate`)).status).toBe(404);
      expect((await harness.as(key).call('GET', '/api/me')).status).toBe(200);
      expect((await harness.root.call('DELETE', `/api/keys/${id}`)).status).toBe(204);
      expect((await harness.as(key).call('GET', '/api/me')).status).toBe(401);
    });
  });
}
