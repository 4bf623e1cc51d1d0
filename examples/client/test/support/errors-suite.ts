import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { type CallOptions, createClient } from '../../src/api-client.js';
import type { Harness } from './harness.js';

interface Bad {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly options?: CallOptions;
  readonly status: number;
  /** What the detail must name. */
  readonly names?: string;
}

const json = { 'content-type': 'application/json' };
const post = { method: 'POST', path: '/api/posts' };
const key = { method: 'POST', path: '/api/keys' };
const good = { title: 'A title', body: 'Some words.' };

const badRequests: readonly Bad[] = [
  { what: 'malformed JSON', ...post, options: { raw: '{"title":', headers: json }, status: 400 },
  { what: 'JSON that is no object', ...post, options: { json: [good] }, status: 422 },
  { what: 'no body', ...post, status: 422, names: 'title' },
  { what: 'a missing field', ...post, options: { json: { title: 'A title' } }, status: 422, names: 'body' },
  { what: 'an empty field', ...post, options: { json: { ...good, title: '  ' } }, status: 422, names: 'title' },
  { what: 'a field of another type', ...post, options: { json: { ...good, title: 1 } }, status: 422, names: 'title' },
  {
    what: 'a field too long',
    ...post,
    options: { json: { ...good, title: 'a'.repeat(201) } },
    status: 422,
    names: 'title',
  },
  { what: 'a NUL', ...post, options: { json: { ...good, title: 'a\0b' } }, status: 422, names: 'title' },
  { what: 'half a character', ...key, options: { json: { name: '\ud800' } }, status: 422, names: 'name' },
  {
    what: 'an author of its own choice',
    ...post,
    options: { json: { ...good, authorId: 'grace' } },
    status: 422,
    names: 'authorId',
  },
  { what: 'a form', ...post, options: { raw: new URLSearchParams(good) }, status: 415 },
  { what: 'text', ...post, options: { raw: JSON.stringify(good) }, status: 415 },
  { what: 'a body too large', ...post, options: { json: { ...good, body: 'a'.repeat(70_000) } }, status: 413 },
  { what: 'a page too large', method: 'GET', path: '/api/posts?limit=1000', status: 422, names: 'limit' },
  { what: 'a cursor that is none', method: 'GET', path: '/api/posts?cursor=x', status: 422, names: 'cursor' },
  { what: 'a cursor of keys that is none', method: 'GET', path: '/api/keys?cursor=x', status: 400 },
  { what: 'a key without a name', ...key, options: { json: {} }, status: 422, names: 'name' },
  {
    what: 'an unknown scope',
    ...key,
    options: { json: { name: 'k', scopes: ['posts:burn'] } },
    status: 422,
    names: 'scopes.0',
  },
  { what: 'a wildcard scope', ...key, options: { json: { name: 'k', scopes: ['*'] } }, status: 422, names: 'scopes.0' },
  {
    what: 'an expiry in the past',
    ...key,
    options: { json: { name: 'k', expiresInDays: -1 } },
    status: 422,
    names: 'expiresInDays',
  },
  {
    what: 'no days at all',
    ...key,
    options: { json: { name: 'k', expiresInDays: 0 } },
    status: 422,
    names: 'expiresInDays',
  },
  {
    what: 'half a rate limit',
    ...key,
    options: { json: { name: 'k', rateLimit: { limit: 1 } } },
    status: 422,
    names: 'rateLimit.windowMs',
  },
  {
    what: 'a rate limit of none',
    ...key,
    options: { json: { name: 'k', rateLimit: { limit: 0, windowMs: 1 } } },
    status: 422,
    names: 'rateLimit.limit',
  },
  {
    what: 'an owner of its own choice',
    ...key,
    options: { json: { name: 'k', owner: 'root' } },
    status: 422,
    names: 'owner',
  },
  { what: 'a key that is none', method: 'DELETE', path: '/api/keys/nobody', status: 404 },
  { what: 'a key id that no storage would take', method: 'DELETE', path: '/api/keys/%00', status: 404 },
  { what: 'a cursor with a NUL', method: 'GET', path: '/api/keys?cursor=%00', status: 400 },
  { what: 'an unknown path', method: 'GET', path: '/api/nothing', status: 404 },
];

/** What a client can get wrong. */
export function errorsSuite(harness: Harness): void {
  describe('bad requests', () => {
    it.each(badRequests)(
      `refuses $what ${requirement('C17', 'C18')}`,
      async ({ method, path, options, status, names = '' }) => {
        const { status: answered, headers, body } = await harness.ada.call(method, path, options);
        expect(answered).toBe(status);
        expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
        expect(body).toMatchObject({ type: 'about:blank', status });
        expect(body.title).toMatch(/^[A-Z]/);
        expect(body.detail ?? '').toContain(names);
      },
    );

    it('refuses a method that a path has not', async () => {
      const { status, headers, body } = await harness.ada.call('PUT', '/api/posts', { json: good });
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect([404, 405]).toContain(status);
      expect(body.status).toBe(status);
      if (harness.name === 'hybrid') expect([status, headers.get('allow')]).toEqual([405, 'GET, POST']);
    });

    it('refuses a path that cannot be decoded', async () => {
      const { status, headers } = await harness.ada.call('GET', '/api/posts/%E0%A4%A');
      // Express and Fastify say so; the others look for a post of that name.
      expect(status).toBe(['express-api-keys', 'fastify-api-keys'].includes(harness.name) ? 400 : 404);
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    });

    it('guards HEAD as it does GET', async () => {
      expect((await createClient(harness.example.url).call('HEAD', '/api/posts')).status).toBe(401);
      expect((await harness.ada.call('HEAD', '/api/posts')).status).toBe(200);
    });

    it('says nothing of itself or the caller in an error', async () => {
      const marker = 'ink_live_marker';
      const { body } = await harness.ada.call('POST', '/api/posts', {
        json: { title: { [marker]: marker }, body: marker },
      });
      expect(JSON.stringify(body)).not.toContain(marker);
    });

    it('goes on after all of that', async () => {
      expect((await harness.ada.call('POST', '/api/posts', { json: good })).status).toBe(201);
    });
  });
}
