import { createMemoryStorage, random } from '@portcullis/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { createApiFetch, type Tokens } from '../snippets/guide/app-client.js';
import { createApi } from '../snippets/guide/app-server.js';

const url = 'https://api.example.com';
const page = 'https://app.example.com';
const evil = 'https://evil.example';
const secrets = {
  sealing: { current: 's1', keys: { s1: random(32) } },
  refresh: { current: 'r1', keys: { r1: random(32) } },
};
const right = JSON.stringify({ email: 'ada@example.com', password: 'correct horse battery staple' });
const json = { 'content-type': 'application/json' };

describe('the guide on pages and apps', () => {
  let now: number;
  let app: ReturnType<typeof createApi>;
  const send = (path: string, init: RequestInit = {}) => app.request(`${url}${path}`, init);
  beforeEach(() => {
    now = Date.UTC(2026, 0, 1);
    app = createApi({
      storage: createMemoryStorage({ clock: () => now }),
      secrets,
      checkPassword: async (email, password) =>
        email === 'ada@example.com' && password === 'correct horse battery staple' ? 'ada' : undefined,
      clock: () => now,
    });
  });

  describe('a page', () => {
    const from = (origin: string, site: string) => ({ ...json, origin, 'sec-fetch-site': site });
    const signIn = async () => {
      const response = await send('/session', { method: 'POST', headers: from(page, 'same-site'), body: right });
      expect(response.status).toBe(204);
      const [cookie = ''] = response.headers.getSetCookie();
      expect(cookie).toMatch(/^__Host-sid=.+; Path=\/; .*HttpOnly/);
      return cookie.split(';')[0] ?? '';
    };

    it('may ask first, and no other page may', async () => {
      const preflight = (origin: string) =>
        send('/posts', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });
      const allowed = await preflight(page);
      expect(allowed.headers.get('access-control-allow-origin')).toBe(page);
      expect(allowed.headers.get('access-control-allow-credentials')).toBe('true');
      expect((await preflight(evil)).headers.get('access-control-allow-origin')).toBeNull();
    });

    it('signs in, reads, writes and signs out', async () => {
      const cookie = await signIn();
      const headers = { ...from(page, 'same-site'), cookie };
      const read = await send('/posts', { headers });
      expect(await read.json()).toEqual({ you: 'ada' });
      const written = await send('/posts', { method: 'POST', headers, body: '{}' });
      expect([written.status, await written.json()]).toEqual([201, { by: 'session' }]);
      expect((await send('/session', { method: 'DELETE', headers })).status).toBe(204);
      expect((await send('/posts', { headers })).status).toBe(401);
    });

    it('reads why it was refused', async () => {
      const refused = await send('/posts', { headers: from(page, 'same-site') });
      expect(refused.status).toBe(401);
      expect(refused.headers.get('access-control-allow-origin')).toBe(page);
      expect(refused.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
    });

    it('is protected from the pages of others', async () => {
      const cookie = await signIn();
      const forged = { ...from(evil, 'cross-site'), cookie };
      const written = await send('/posts', { method: 'POST', headers: forged, body: '{}' });
      expect([written.status, await written.json()]).toEqual([403, expect.objectContaining({ code: 'csrf_rejected' })]);
      // Login CSRF: nobody signs a victim in as themselves.
      expect((await send('/session', { method: 'POST', headers: forged, body: right })).status).toBe(403);
    });
  });

  describe('a phone', () => {
    async function phone(fetch: typeof globalThis.fetch = async (input, init) => app.request(String(input), init)) {
      const response = await send('/login', { method: 'POST', headers: json, body: right });
      let held: Tokens | undefined = (await response.json()) as Tokens;
      const saved: (Tokens | undefined)[] = [];
      const call = createApiFetch(
        url,
        {
          load: async () => held,
          save: async (tokens) => void saved.push((held = tokens)),
        },
        fetch,
      );
      return { call, saved, held: () => held };
    }

    it('refuses a wrong password', async () => {
      const body = JSON.stringify({ email: 'ada@example.com', password: 'no' });
      expect((await send('/login', { method: 'POST', headers: json, body })).status).toBe(401);
    });

    it('renews its token once for all calls that wait, and saves the new one', async () => {
      const { call, saved } = await phone();
      expect(((await call('/posts')) as Response).status).toBe(200);
      expect(saved).toEqual([]);
      now += 16 * 60_000;
      const answers = await Promise.all([call('/posts'), call('/posts'), call('/posts', { method: 'POST' })]);
      expect(answers.map((answer) => (answer as Response).status)).toEqual([200, 200, 201]);
      expect(saved).toHaveLength(1);
    });

    it('asks to sign in again when the login was ended, and not when the server was down', async () => {
      let down = false;
      const { call, saved, held } = await phone(async (input, init) =>
        down && String(input).endsWith('/token')
          ? Response.json({}, { status: 503 })
          : app.request(String(input), init),
      );
      now += 16 * 60_000;
      down = true;
      await expect(call('/posts')).rejects.toThrow('cannot be asked');
      expect(saved).toEqual([]);
      down = false;
      expect(((await call('/posts')) as Response).status).toBe(200);
      const body = new URLSearchParams({ token: held()?.refresh_token ?? '', client_id: 'phone' });
      expect((await send('/revoke', { method: 'POST', body })).status).toBe(200);
      expect(await call('/posts')).toBe('signed out');
      expect(held()).toBeUndefined();
    });
  });
});
