import type { Clock, Storage } from '@portcullis/core';
import { createTokenIssuer, fixedSigningKeys, type TokenIssuer } from '@portcullis/jwt';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { full, storages } from './storages.js';

// FULL=1 runs the thousand rounds that the requirement asks for; fifty find what is broken while one is at work.
const rounds = full ? 1000 : Number(process.env['REFRESH_ROUNDS'] ?? 50);
const callers = 20;

const secret = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) & 255);
const login = { subject: 'user-1', clientId: 'app', scope: ['posts:read'] };

function issuerOn(storage: Storage, clock: Clock): TokenIssuer {
  return createTokenIssuer({
    issuer: 'https://auth.example.com',
    audience: 'https://api.example.com',
    keys: fixedSigningKeys({ current: { algorithm: 'HS256', key: secret, kid: 'races' } }),
    storage,
    refresh: { keys: { current: 'k1', keys: { k1: secret.toReversed() } } },
    clock,
  });
}

describe.each(storages)('refresh tokens on $name', ({ open }) => {
  it(`give ${callers} concurrent callers one successor, lose no login, and die by every replay, ${rounds} times ${requirement('F2', 'F3', 'F4')}`, {
    timeout: 300_000,
  }, async (context) => {
    const clock = fakeClock();
    const opened = await open(clock);
    if (opened === undefined) return context.skip();
    const { storage: one, another, migrate, close } = opened;
    try {
      const processes = [one, another].map((storage) => issuerOn(storage, clock));
      await migrate();
      const at = (i: number): TokenIssuer => processes[i % processes.length] as TokenIssuer;
      const refresh = async (i: number, token: string): Promise<string> => {
        const result = await at(i).refresh(token, { clientId: 'app' });
        return result.ok ? (result.tokens.refreshToken?.reveal() ?? 'none') : result.reason;
      };
      for (let round = 0; round < rounds; round++) {
        const issued = await at(round).issue({ ...login, subject: `user-${round}` });
        const first = issued.refreshToken?.reveal() ?? '';
        const given = await Promise.all(Array.from({ length: callers }, (_, i) => refresh(i, first)));
        const successors = [...new Set(given)];
        expect(successors).toEqual([expect.stringMatching(new RegExp(`^${issued.family}\\.1\\.[\\w-]{43}$`))]);
        const [second = ''] = successors;
        const third = await refresh(round + 1, second);
        expect(third.split('.').slice(0, 2)).toEqual([issued.family, '2']);
        clock.advance(30_000);
        // Replays of the one before, by many at once: the login dies, whoever is first.
        const replays = await Promise.all(Array.from({ length: 5 }, (_, i) => refresh(i, second)));
        expect(replays).toContain('reused');
        expect(replays.every((reason) => reason === 'reused' || reason === 'unknown')).toBe(true);
        expect(await refresh(round, third)).toBe('unknown');
        expect((await at(round).list(`user-${round}`)).items).toEqual([]);
      }
    } finally {
      await close();
    }
  });
});
