import {
  type Collection,
  type CollectionDefinition,
  createMemoryStorage,
  type Storage,
  type StoredRecord,
} from '@portcullis/core';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IssuedTokens } from '../src/issue/issued-tokens.js';
import { createTokenIssuer } from '../src/issue/create-token-issuer.js';
import { createRevocations } from '../src/revoke/revocations.js';
import { audience, issuer, login, payloadOf, refreshKeys, testKeys } from './token-harness.js';

const methods = ['create', 'get', 'update', 'delete', 'deleteWhere'] as const;

/** Every storage call waits before and after for its turn, in an order that fast-check chooses, and time passes meanwhile. */
function scheduled(inner: Storage, turn: (label: string) => Promise<unknown>): Storage {
  return {
    ...inner,
    collection<T extends StoredRecord>(definition: CollectionDefinition<T>): Collection<T> {
      const collection = inner.collection(definition);
      const wrapped: Record<string, unknown> = {};
      for (const name of methods) {
        const method = collection[name] as (...args: unknown[]) => unknown;
        wrapped[name] = async (...args: unknown[]) => {
          await turn(`${definition.name}.${name}`);
          const result = await method(...args);
          await turn(`${definition.name}.${name} answered`);
          return result;
        };
      }
      return { ...collection, ...wrapped };
    },
  };
}

describe('createTokenIssuer: the fence of revokeAll', () => {
  it(`leaves nothing alive that began before it, in any order of logins, refreshes and itself ${requirement('F9', 'J33')}`, {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const clock = fakeClock();
        const storage = createMemoryStorage({ clock });
        const racing = scheduled(storage, async (label) => {
          await scheduler.schedule(Promise.resolve(), label);
          // A second, the precision of `iat`: with less, rounding down would hide a token that is too young.
          clock.advance(1000);
        });
        const options = { issuer, audience, keys: testKeys, refresh: { keys: refreshKeys, graceMs: 300_000 }, clock };
        const calm = createTokenIssuer({ ...options, storage });
        const busy = createTokenIssuer({ ...options, storage: racing });
        const first = await calm.issue(login);
        const second = await calm.issue(login);
        clock.advance(1);

        const given: IssuedTokens[] = [];
        const keep = (tokens: IssuedTokens): number => given.push(tokens);
        const refresh = async (tokens: IssuedTokens): Promise<void> => {
          const result = await busy.refresh(tokens.refreshToken?.reveal() ?? '', { clientId: 'app' });
          if (result.ok) keep(result.tokens);
        };
        const started = [
          refresh(first),
          refresh(first),
          refresh(second),
          // A login that is overtaken is refused.
          busy.issue(login).then(keep, (error: unknown) => expect(error).toMatchObject({ code: 'login_revoked' })),
        ];
        clock.advance(1);
        started.push(busy.revokeAll('user-1').then(() => undefined));
        await scheduler.waitFor(Promise.all(started));

        expect((await calm.list('user-1')).items).toEqual([]);
        const check = createRevocations({ storage, issuer, clock, staleMs: 0 });
        for (const { accessToken } of [first, second, ...given]) {
          const { jti, iat, exp, sid } = payloadOf(accessToken.reveal()) as {
            jti: string;
            iat: number;
            exp: number;
            sid: string;
          };
          const facts = {
            iss: issuer,
            jti,
            sub: 'user-1',
            sid,
            clientId: 'app',
            issuedAt: iat * 1000,
            expiresAt: exp * 1000,
          };
          expect(await check.isRevoked(facts)).toBe(true);
        }
        await expect(calm.issue(login)).resolves.toMatchObject({ expiresIn: 900 });
      }),
      { numRuns: 200 },
    );
  });

  it('refuses a login whose password check began before the revocation', async () => {
    const clock = fakeClock();
    const tokens = createTokenIssuer({
      issuer,
      audience,
      keys: testKeys,
      storage: createMemoryStorage({ clock }),
      refresh: { keys: refreshKeys },
      clock,
    });
    const startedAt = clock();
    clock.advance(200);
    await tokens.revokeAll('user-1');
    clock.advance(200);
    await expect(tokens.issue({ ...login, startedAt })).rejects.toMatchObject({ code: 'login_revoked' });
    expect((await tokens.list('user-1')).items).toEqual([]);
    await expect(tokens.issue(login)).resolves.toBeDefined();
  });
});
