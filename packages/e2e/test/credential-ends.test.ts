import { createApiKeys } from '@portcullis/api-key';
import { type AuthRequest, createGuard, createPolicy, type Storage } from '@portcullis/core';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { storages } from './storages.js';

const requestWith = (key: string): AuthRequest => {
  const values = (name: string): readonly string[] => (name.toLowerCase() === 'x-api-key' ? [key] : []);
  return { method: 'GET', url: '/', ip: undefined, header: (name) => values(name)[0], headerValues: values };
};

describe.each(storages)('the end of an API key, on $name', ({ open }) => {
  it(`takes effect on the next request in any process, to the millisecond for expiry ${requirement('K5', 'D2')}`, {
    timeout: 60_000,
  }, async (context) => {
    const clock = fakeClock();
    const opened = await open(clock);
    if (opened === undefined) return context.skip();
    const { storage, another, migrate, close } = opened;
    const serve = (on: Storage) => {
      const keys = createApiKeys({ storage: on, brand: 'acme', defaultScopes: 'unlimited', lastUsed: false, clock });
      const policy = createPolicy({ permissions: ['posts:read'], roles: { reader: ['posts:read'] } });
      const guard = createGuard({ authenticators: [keys.authenticator()], policy, roles: () => ['reader'], clock });
      const ask = async (key: string): Promise<number> => {
        const decision = await guard.check(requestWith(key), { kind: 'authenticated' });
        return decision.allowed ? 200 : decision.outcome.status;
      };
      return { keys, ask };
    };
    try {
      const [one, two] = [serve(storage), serve(another)];
      await migrate();
      const both = async (key: string): Promise<readonly number[]> => [await one.ask(key), await two.ask(key)];

      const revoked = await one.keys.create({ owner: 'ada' });
      expect(await both(revoked.key.reveal())).toEqual([200, 200]);
      await one.keys.revoke(revoked.record.id, { reason: 'lost' });
      expect(await both(revoked.key.reveal())).toEqual([401, 401]);

      const owned = await Promise.all(Array.from({ length: 20 }, () => one.keys.create({ owner: 'rex' })));
      const spared = await one.keys.create({ owner: 'rex2' });
      await two.keys.revokeAll('rex', { reason: 'disabled' });
      for (const { key } of owned) expect(await both(key.reveal())).toEqual([401, 401]);
      expect(await both(spared.key.reveal())).toEqual([200, 200]);

      const expiring = await one.keys.create({ owner: 'ada', expiresAt: clock() + 60_000 });
      clock.advance(59_999);
      expect(await both(expiring.key.reveal())).toEqual([200, 200]);
      clock.advance(1);
      expect(await both(expiring.key.reveal())).toEqual([401, 401]);
    } finally {
      await close();
    }
  });
});
