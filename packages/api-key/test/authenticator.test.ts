import {
  type Authenticated,
  type AuthenticationResult,
  createGuard,
  createMemoryStorage,
  type MaybePromise,
} from '@portcullis/core';
import { createPolicy } from '@portcullis/core/policy';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { describe, expect, it, vi } from 'vitest';
import { asyncStorage, request, setup } from './support.js';

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl';
const authenticated = async (answer: MaybePromise<AuthenticationResult>): Promise<Authenticated> => {
  const result = await answer;
  if (result.outcome !== 'authenticated') throw new Error(result.outcome);
  return result;
};

describe('authenticator', () => {
  it.each(['x-api-key', 'authorization'])('reads a key from %s', async (field) => {
    const { keys, clock } = setup();
    const { key, record } = await keys.create({
      owner: 'ada',
      tenant: 't',
      scopes: ['posts:read'],
      expiresAt: clock() + 5,
    });
    const authenticator = keys.authenticator();
    const sent = request([[field, field === 'authorization' ? `bEaReR ${key.reveal()}` : key.reveal()]]);
    expect(authenticator.claims(sent)).toBe(true);
    expect(await authenticator.authenticate(sent)).toMatchObject({
      outcome: 'authenticated',
      principal: { kind: 'api-key', id: 'ada', tenant: 't', keyId: record.id, environment: 'live' },
      credential: {
        scheme: 'api-key',
        id: record.id,
        scopes: ['posts:read'],
        issuedAt: clock(),
        expiresAt: clock() + 5,
      },
    });
    expect(authenticator.challenge()).toEqual({ scheme: 'Bearer', params: {} });
  });

  it(`looks nowhere but in the two headers, and is explicit: a key is no session ${requirement('K4', 'K6')}`, async () => {
    const { keys } = setup();
    const text = (await keys.create({ owner: 'ada' })).key.reveal();
    const authenticator = keys.authenticator();
    expect(authenticator.transport).toBe('explicit');
    const elsewhere = [
      request([['cookie', `session=${text}; __Host-session=${text}; api_key=${text}`]]),
      { ...request([]), url: `/?api_key=${text}&access_token=${text}` },
      request([['authorization', `Basic ${btoa(`${text}:`)}`]]),
      request([['authorization', `ApiKey ${text}`]]),
      request([['x-api-token', text]]),
    ];
    for (const sent of elsewhere) {
      expect(authenticator.claims(sent)).toBe(false);
      expect(await authenticator.authenticate(sent)).toEqual({ outcome: 'absent' });
    }
  });

  it('leaves tokens of another shape in Bearer to others', () => {
    const authenticator = setup().keys.authenticator();
    for (const token of [jwt, 'opaque', 'acm_live_x', 'ghp_0123'])
      expect(authenticator.claims(request([['authorization', `Bearer ${token}`]]))).toBe(false);
    expect(authenticator.claims(request([['authorization', 'Bearer acme_live_typo']]))).toBe(true);
    expect(authenticator.claims(request([['x-api-key', jwt]]))).toBe(true);
  });

  it('refuses more than one key with 400', async () => {
    const { keys } = setup();
    const text = (await keys.create({ owner: 'ada' })).key.reveal();
    const authenticator = keys.authenticator();
    const several = [
      request([
        ['x-api-key', text],
        ['authorization', `Bearer ${text}`],
      ]),
      request([
        ['x-api-key', text],
        ['authorization', `Bearer ${jwt}`],
      ]),
      request([
        ['x-api-key', text],
        ['x-api-key', text],
      ]),
      request([['x-api-key', `${text}, ${text}`]]),
      request([
        ['authorization', `Bearer ${text}`],
        ['authorization', `Bearer ${text}`],
      ]),
    ];
    for (const sent of several) {
      expect(await authenticator.authenticate(sent)).toMatchObject({
        outcome: 'rejected',
        denial: { code: 'invalid_request', status: 400 },
      });
    }
  });

  it('hands the key to the application to say whom it stands for', async () => {
    const { keys } = setup();
    const { key } = await keys.create({ owner: 'ada', metadata: { plan: 'pro' } });
    const authenticator = keys.authenticator({
      principal: ({ owner, metadata }) => ({ kind: 'user' as const, id: owner, plan: metadata?.['plan'] }),
    });
    const { principal } = await authenticated(authenticator.authenticate(request([['x-api-key', key.reveal()]])));
    expect(principal).toEqual({ kind: 'user', id: 'ada', plan: 'pro' });
  });

  it(`can be combined with a stronger factor, and answers 429 to use that is too fast ${requirement('K9')}`, async () => {
    const { keys, clock } = setup({ defaultScopes: 'unlimited' });
    const { key } = await keys.create({ owner: 'ada', rateLimit: { limit: 3, windowMs: 60_000 } });
    const authenticator = keys.authenticator({
      strongerFactor: (sent) =>
        sent.header('x-signature') === 'good' ? { acr: 'signed', amr: ['hwk'], authenticatedAt: clock() } : undefined,
    });
    const policy = createPolicy({ permissions: ['posts:delete'], roles: { author: ['posts:delete'] } });
    const guard = createGuard({ authenticators: [authenticator], policy, roles: () => ['author'], clock });
    const ask = async (...fields: [string, string][]): Promise<number> => {
      const decision = await guard.check(request([['x-api-key', key.reveal()], ...fields]), {
        kind: 'permission',
        permission: 'posts:delete',
        acr: ['signed'],
      });
      return decision.allowed ? 200 : decision.outcome.status;
    };
    expect(await ask()).toBe(401);
    expect(await ask(['x-signature', 'good'])).toBe(200);
    expect(await ask(['x-signature', 'good'])).toBe(200);
    expect(await ask(['x-signature', 'good'])).toBe(429);
  });

  it(`keeps a key to its scopes, whatever its owner may do ${requirement('K7')}`, async () => {
    const { keys, clock } = setup();
    const { key } = await keys.create({ owner: 'ada', scopes: ['posts:read'] });
    const none = await keys.create({ owner: 'ada' });
    const policy = createPolicy({ permissions: ['posts:read', 'posts:delete'], roles: { admin: ['*'] } });
    const guard = createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['admin'], clock });
    const ask = async (text: string, permission: string): Promise<unknown> => {
      const decision = await guard.check(request([['x-api-key', text]]), { kind: 'permission', permission });
      return decision.allowed ? 200 : [decision.outcome.status, decision.outcome.problem.code];
    };
    expect(await ask(key.reveal(), 'posts:read')).toBe(200);
    expect(await ask(key.reveal(), 'posts:delete')).toEqual([403, 'insufficient_scope']);
    expect(await ask(none.key.reveal(), 'posts:read')).toEqual([403, 'insufficient_scope']);
  });

  it(`gives an unknown, a revoked and a malformed key the same answer on the wire ${requirement('K8')}`, async () => {
    const { keys, clock } = setup();
    const { key, record } = await keys.create({ owner: 'ada' });
    const unknown = (await setup().keys.create({ owner: 'ada' })).key.reveal();
    await keys.revoke(record.id, { reason: 'x' });
    const policy = createPolicy({ permissions: ['posts:read'], roles: {} });
    const guard = createGuard({ authenticators: [keys.authenticator()], policy, clock });
    const outcomes = [key.reveal(), unknown, `${unknown.slice(0, -1)}_`, 'acme_live_', 'junk', ''].map((text) => {
      const decision = guard.check(request([['x-api-key', text]]), { kind: 'authenticated' });
      return 'allowed' in decision && !decision.allowed ? decision.outcome : undefined;
    });
    expect(outcomes[0]).toMatchObject({ status: 401, problem: { code: 'invalid_token' } });
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
  });

  it('hands an outage on, for the guard to answer 503', async () => {
    const { storage } = asyncStorage(createMemoryStorage({ clock: fakeClock() }));
    const { keys } = setup({
      storage: {
        ...storage,
        collection: (definition) => ({
          ...storage.collection(definition),
          get: () => Promise.reject(new Error('down')),
        }),
      },
    });
    const format = 'acme_live_';
    await expect(keys.authenticator().authenticate(request([['x-api-key', await wellFormed(format)]]))).rejects.toThrow(
      'down',
    );
  });
});

async function wellFormed(prefix: string): Promise<string> {
  const text = (await setup().keys.create({ owner: 'ada' })).key.reveal();
  expect(text.startsWith(prefix)).toBe(true);
  return text;
}

describe('onRevoked', () => {
  it('tells open streams of a revocation, a rotation and a loss of rights, in this process and in others', async () => {
    const storage = createMemoryStorage({ clock: fakeClock() });
    const [here, there] = [setup({ storage }), setup({ storage })];
    const ends: [string, (id: string) => Promise<unknown>][] = [
      ['revoke', (id) => here.keys.revoke(id, { reason: 'x' })],
      ['revokeAll', () => here.keys.revokeAll('revokeAll', { reason: 'x' })],
      ['rotate', (id) => here.keys.rotate(id, { graceMs: 1000 })],
      ['scopes', (id) => here.keys.update(id, { scopes: [] })],
    ];
    for (const [owner, end] of ends) {
      const { key, record } = await here.keys.create({ owner });
      const listeners = [here, there].map(async ({ keys }) => {
        const listener = vi.fn<() => void>();
        const stop = vi.fn<() => void>();
        const result = await authenticated(keys.authenticator().authenticate(request([['x-api-key', key.reveal()]])));
        result.onRevoked?.(listener);
        result.onRevoked?.(stop)();
        return { listener, stop };
      });
      const all = await Promise.all(listeners);
      await here.keys.update(record.id, { name: 'renamed' });
      for (const { listener } of all) expect(listener).not.toHaveBeenCalled();
      await end(record.id);
      for (const { listener, stop } of all) {
        expect(listener).toHaveBeenCalledTimes(1);
        expect(stop).not.toHaveBeenCalled();
      }
    }
  });

  it('tells at once when the key was revoked between its check and the first listener', async () => {
    const { keys } = setup();
    const { key, record } = await keys.create({ owner: 'ada' });
    const result = await authenticated(keys.authenticator().authenticate(request([['x-api-key', key.reveal()]])));
    await keys.revoke(record.id, { reason: 'x' });
    const listener = vi.fn<() => void>();
    result.onRevoked?.(listener);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('looks keys up when messages may have been lost, and acknowledges a revocation that it could not announce', async () => {
    const inner = createMemoryStorage({ clock: fakeClock() });
    let lost: (() => void) | undefined;
    const storage = {
      ...inner,
      bus: {
        publish: () => {
          throw new Error('bus down');
        },
        subscribe: (_channel: string, listener: { lost(): void }) => {
          lost = () => listener.lost();
          return Promise.resolve(() => undefined);
        },
      },
    };
    const [here, there] = [setup({ storage }), setup({ storage })];
    const [gone, stays] = [await here.keys.create({ owner: 'ada' }), await here.keys.create({ owner: 'ada' })];
    const watch = async (text: string): Promise<() => void> => {
      const listener = vi.fn<() => void>();
      (await authenticated(there.keys.authenticator().authenticate(request([['x-api-key', text]])))).onRevoked?.(
        listener,
      );
      return listener;
    };
    const [goneListener, staysListener] = [await watch(gone.key.reveal()), await watch(stays.key.reveal())];
    await here.keys.revoke(gone.record.id, { reason: 'x' });
    expect(here.events).toContainEqual(
      expect.objectContaining({ type: 'api_key.signal_failed', keyId: gone.record.id }),
    );
    expect(goneListener).not.toHaveBeenCalled();
    lost?.();
    expect(goneListener).toHaveBeenCalledTimes(1);
    expect(staysListener).not.toHaveBeenCalled();
  });
});
