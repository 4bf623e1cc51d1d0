import { createGuard, createMemoryStorage, createPolicy, type Storage } from '@portcullis/core';
import { honoGuard } from '@portcullis/hono';
import { createJwtVerifier, createRevocations } from '@portcullis/jwt';
import { Hono } from 'hono';
import jwt from 'jsonwebtoken';
import { afterEach, describe, expect, it } from 'vitest';
import { createApp as createAfter, createTokens } from '../snippets/migrate/jsonwebtoken/after.js';
import { createApp as createBefore } from '../snippets/migrate/jsonwebtoken/before.js';
import { createVerifier, legacyIssuer, logOutEverywhere, sign } from '../snippets/migrate/jsonwebtoken/named.js';
import { createOldTokens } from '../snippets/migrate/jsonwebtoken/old-tokens.js';
import { closeServers, serve } from './support/browser.js';

const url = 'https://api.example.com';
const secret = 'thirty-two bytes or more of secret, kept';
const day = 86_400_000;
const random = (): string => crypto.getRandomValues(Buffer.alloc(32)).toString('base64url');
const ada = { email: 'ada@example.org', password: 'correct horse battery staple' };
const users = {
  role: 'editor' as 'editor' | 'reader',
  check: (email: string, password: string) =>
    Promise.resolve(email === ada.email && password === ada.password ? { id: 7, role: users.role } : undefined),
  roleOf: () => Promise.resolve(users.role),
};
const tokensOf = (storage: Storage) => createTokens(storage, url, { seal: random(), refresh: random() });

type Send = Awaited<ReturnType<typeof serve>>;
async function post(send: Send, path: string, body: object) {
  const headers = { 'content-type': 'application/json' };
  const response = await send(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: response.ok ? ((await response.json()) as Record<string, string>) : {} };
}
const get = async (send: Send, token: string, path = '/me', method = 'GET') =>
  (await send(path, { method, headers: { authorization: `Bearer ${token}` } })).status;

afterEach(async () => {
  users.role = 'editor';
  await closeServers();
});

describe('before and after', () => {
  it('do the same, until a role changes', async () => {
    const before = await serve(createBefore(secret, users.check));
    const after = await serve(createAfter(tokensOf(createMemoryStorage()), url, users));
    expect((await post(after, '/sign-in', { ...ada, password: 'a guess' })).status).toBe(401);
    const { token = '' } = (await post(before, '/sign-in', ada)).body;
    const issued = (await post(after, '/sign-in', ada)).body;
    for (const [send, text = ''] of [
      [before, token],
      [after, issued['access_token']],
    ] as const) {
      expect(await get(send, text)).toBe(200);
      expect(await get(send, text, '/posts/publish', 'POST')).toBe(204);
      expect(await get(send, `${text}x`)).toBe(401);
    }
    users.role = 'reader';
    expect(await get(before, token, '/posts/publish', 'POST')).toBe(204);
    expect(await get(after, issued['access_token'] ?? '', '/posts/publish', 'POST')).toBe(403);
    const refreshed = await post(after, '/token', { refresh_token: issued['refresh_token'] });
    expect(await get(after, refreshed.body['access_token'] ?? '')).toBe(200);
    expect((await post(after, '/token', { refresh_token: 'junk' })).status).toBe(400);
  });
});

describe('tokens that name their issuer', () => {
  function house() {
    const time = { now: Date.now() };
    const clock = () => time.now;
    const tokens = tokensOf(createMemoryStorage());
    const verifier = createVerifier({ tokens, url, secret, until: time.now + day, clock });
    return { time, tokens, verifier };
  }

  it('are taken beside ours, as the same user', async () => {
    const { tokens, verifier } = house();
    const ours = (await tokens.issue({ subject: '7', clientId: 'app', scope: ['app'] })).reveal().access_token;
    for (const token of [sign({ id: 7, role: 'editor' }, secret, url), ours]) {
      const result = await verifier.verify(token);
      expect(result).toMatchObject({ outcome: 'verified', token: { principal: { kind: 'user', id: '7' } } });
    }
  });

  it('are refused by another secret, for another audience, and without an end', async () => {
    const { verifier } = house();
    const named = { issuer: legacyIssuer, audience: url, subject: '7' };
    const bad = [
      sign({ id: 7, role: 'editor' }, `${secret}?`, url),
      sign({ id: 7, role: 'editor' }, secret, 'https://other.example.com'),
      jwt.sign({ userId: 7 }, secret, named),
      jwt.sign({ userId: 7 }, secret, { expiresIn: '1h' }),
      jwt.sign({ userId: 7 }, '', { ...named, expiresIn: '1h', algorithm: 'none' }),
    ];
    for (const token of bad) expect((await verifier.verify(token)).outcome).toBe('rejected');
  });

  it('end with the user, and on their day', async () => {
    const { tokens, verifier, time } = house();
    const named = { issuer: legacyIssuer, audience: url, algorithm: 'HS256', expiresIn: '7d' } as const;
    const [seven, eight] = ['7', '8'].map((subject) => jwt.sign({}, secret, { ...named, subject })) as [string, string];
    expect((await verifier.verify(seven)).outcome).toBe('verified');
    await logOutEverywhere({ tokens }, '7');
    expect((await verifier.verify(seven)).outcome).toBe('rejected');
    expect((await verifier.verify(eight)).outcome).toBe('verified');
    time.now += day;
    expect((await verifier.verify(eight)).outcome).toBe('rejected');
  });

  it('need a secret that cannot be guessed', () => {
    const tokens = tokensOf(createMemoryStorage());
    expect(() => createVerifier({ tokens, url, secret: 'keyboard cat', until: Date.now() })).toThrow(/key/);
  });
});

describe('tokens that name nobody', () => {
  async function house() {
    const time = { now: Date.now() };
    const clock = () => time.now;
    const storage = createMemoryStorage();
    const tokens = tokensOf(storage);
    const old = createOldTokens({ tokens, storage, secret, until: time.now + 3 * day, clock });
    const { revocations } = tokens;
    const verifier = createJwtVerifier({
      ...{ issuer: url, audience: url, algorithms: ['EdDSA'], keys: tokens.keys, revocations, clock },
      principal: ({ principal }) => ({ kind: 'user' as const, id: principal.id }),
    });
    const policy = createPolicy({ permissions: ['posts:publish'], roles: { editor: ['posts:publish'] } });
    const authenticators = [old.beside(verifier.authenticator())];
    const g = honoGuard(createGuard({ authenticators, policy, roles: () => ['editor'], clock }));
    const app = new Hono();
    app.get('/me', g.authenticated(), (c) => c.json(c.var.auth.principal));
    app.post('/publish', g.require('posts:publish', { maxAge: 300 }), (c) => c.body(null, 204));
    app.onError(g.errors());
    const ask = async (token: string) => {
      const response = await app.request('/me', { headers: { authorization: `Bearer ${token}` } });
      return response.status === 200 ? ((await response.json()) as unknown) : response.status;
    };
    const publish = async (token: string) =>
      (await app.request('/publish', { method: 'POST', headers: { authorization: `Bearer ${token}` } })).status;
    const signedIn = await post(await serve(createBefore(secret, users.check)), '/sign-in', ada);
    return { time, tokens, old, ask, publish, token: signedIn.body['token'] ?? '' };
  }

  it('made by the old application are taken, and are no fresh sign-in', async () => {
    const { ask, publish, token } = await house();
    expect(await ask(token)).toEqual({ kind: 'user', id: '7' });
    expect(await publish(token)).toBe(401);
  });

  it('are taken until they expire, or their day comes', async () => {
    const { ask, token, time } = await house();
    const short = jwt.sign({ userId: 7 }, secret, { expiresIn: '1d' });
    time.now += day + 1000;
    expect([await ask(short), await ask(token)]).toEqual([401, { kind: 'user', id: '7' }]);
    time.now += 2 * day;
    expect(await ask(token)).toBe(401);
  });

  it('are refused when they are forged, endless, of another algorithm, or of nobody', async () => {
    const { ask } = await house();
    const sign = (claims: object, key = secret, options: jwt.SignOptions = { expiresIn: '1d' }) =>
      jwt.sign(claims, key, options);
    const bad = [
      sign({ userId: 7 }, 'another secret'),
      sign({ userId: 7 }, secret, {}),
      sign({ userId: 7 }, secret, { expiresIn: '1d', algorithm: 'HS512' }),
      sign({ userId: 7 }, '', { expiresIn: '1d', algorithm: 'none' }),
      sign({ userId: 'seven' }),
      sign({}),
      sign({ userId: 7, iss: url }),
    ];
    for (const token of bad) expect(await ask(token)).toBe(401);
  });

  it('are exchanged once for a login that goes on', async () => {
    const { ask, publish, old, tokens, token } = await house();
    const issued = (await old.exchange(token))?.reveal();
    expect(await ask(issued?.access_token ?? '')).toEqual({ kind: 'user', id: '7' });
    expect(await publish(issued?.access_token ?? '')).toBe(403);
    expect((await tokens.refresh(issued?.refresh_token ?? '', { clientId: 'app' })).ok).toBe(true);
    expect(await old.exchange(token)).toBeUndefined();
    expect(await old.exchange(`${token}x`)).toBeUndefined();
  });

  it('that live for months need a memory as long for what is revoked', async () => {
    const clock = Date.now;
    for (const [maxTokenLifetimeMs, status] of [
      [30 * day, 'refused'],
      [90 * day, 'taken'],
    ] as const) {
      const storage = createMemoryStorage();
      const revocations = createRevocations({ storage, issuer: url, maxTokenLifetimeMs });
      const old = createOldTokens({
        tokens: { ...tokensOf(storage), revocations },
        storage,
        secret,
        until: clock() + day,
      });
      const token = jwt.sign({ userId: 7 }, secret, { expiresIn: '90d' });
      expect((await old.exchange(token)) === undefined ? 'refused' : 'taken').toBe(status);
    }
  });

  it('end when the user is logged out everywhere', async () => {
    const { ask, old, tokens, token } = await house();
    await logOutEverywhere({ tokens }, '7');
    expect(await ask(token)).toBe(401);
    expect(await old.exchange(token)).toBeUndefined();
  });
});
