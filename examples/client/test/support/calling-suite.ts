import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { createClient, type Me, type Route } from '../../src/api-client.js';
import type { Harness } from './harness.js';

/** Who is calling, and what the service tells them of their routes. */
export function callingSuite(harness: Harness): void {
  describe('who is calling', () => {
    it('answers /health to everyone', async () => {
      const { status } = await createClient(harness.example.url).call('GET', '/health');
      expect(status).toBe(200);
    });

    it('tells a caller who they are and what they may do', async () => {
      const { status, body } = await harness.rex.call<Me>('GET', '/api/me');
      expect(status).toBe(200);
      expect(body.principal).toEqual({ kind: 'user', id: 'rex' });
      expect(body.credential).toMatchObject({ scheme: 'api-key' });
      expect(body.permissions).toContain('posts:read');
      expect(body.permissions).not.toContain('posts:create');
      expect(Object.keys(body).sort()).toEqual(['credential', 'permissions', 'principal']);
      const { body: everything } = await harness.root.call<Me>('GET', '/api/me');
      expect(everything.permissions).toContain('routes:read');
    });

    it('takes the key from X-API-Key too', async () => {
      const headers = { 'x-api-key': harness.example.keyOf('ada') };
      const { status, body } = await createClient(harness.example.url).call<Me>('GET', '/api/me', { headers });
      expect([status, body.principal.id]).toEqual([200, 'ada']);
    });

    it(`asks for a credential where there is none ${requirement('C11', 'C12')}`, async () => {
      for (const path of ['/api/me', '/api/posts', '/api/posts/1', '/api/keys', '/api/routes']) {
        const { status, headers, body } = await createClient(harness.example.url).call('GET', path);
        expect([path, status, body.code]).toEqual([path, 401, 'credential_missing']);
        // An example that takes sessions offers them too.
        expect(headers.get('www-authenticate')).toMatch(
          /^Bearer realm="api"(?:, Cookie realm="api", cookie-name="__Host-sid")?$/,
        );
      }
    });

    it('refuses junk, a wrong key and a wrong scheme, each as 401', async () => {
      const key = harness.example.keyOf('ada');
      const typo = `${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`;
      for (const authorization of ['Bearer junk', `Bearer ${typo}`, 'Basic YWRhOmFkYQ==', 'Digest x="y"']) {
        const { status, headers, body } = await createClient(harness.example.url).call('GET', '/api/me', {
          headers: { authorization },
        });
        expect([authorization, status, body.code]).toEqual([authorization, 401, 'invalid_token']);
        expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
      }
    });

    it(`refuses two credentials at once as 400 ${requirement('C10')}`, async () => {
      const { status, body } = await harness.ada.call('GET', '/api/me', {
        headers: { 'x-api-key': harness.example.keyOf('ada') },
      });
      expect([status, body.code]).toEqual([400, 'invalid_request']);
    });

    it(`refuses a key in the query ${requirement('C21', 'K4')}`, async () => {
      const { status } = await createClient(harness.example.url).call(
        'GET',
        `/api/me?api_key=${harness.example.keyOf('ada')}`,
      );
      expect(status).toBe(400);
    });
  });

  describe('routes', () => {
    it(`lists every route with its requirement, to administrators, and none is closed ${requirement('C1')}`, async () => {
      expect((await harness.ada.call('GET', '/api/routes')).status).toBe(403);
      const { status, body } = await harness.root.call<{ routes: Route[] }>('GET', '/api/routes');
      expect(status).toBe(200);
      expect(body.routes.filter(({ state }) => state === 'closed')).toEqual([]);
      const told = body.routes.map(({ method, path, requirement: asked }) => `${method} ${path} ${asked}`);
      expect(told).toEqual(
        expect.arrayContaining([
          'GET /health open',
          'GET /api/me authenticated',
          'GET /api/posts posts:read',
          'GET /api/posts/:id posts:read',
          'POST /api/posts posts:create',
          'DELETE /api/posts/:id posts:delete',
          'GET /api/keys keys:read',
          'POST /api/keys keys:create',
          'POST /api/keys/:id/rotate keys:rotate',
          'DELETE /api/keys/:id keys:revoke',
          'GET /api/routes routes:read',
        ]),
      );
    });
  });
}
