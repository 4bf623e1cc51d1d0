import { type BusListener, createMemoryStorage, type Storage } from '@portcullis/core';
import { describe, expect, it } from 'vitest';
import { createRevocations } from '../../src/revoke/revocations.js';
import type { RevocationCheck } from '../../src/verify/revocation-check.js';
import { goodClaims, issuer, mint, verifierHarness } from '../verify-harness.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** How often a listener was called that began to watch after `before` ran. */
async function calls(
  check: RevocationCheck,
  { before, later }: { readonly before?: () => unknown; readonly later?: () => unknown },
): Promise<{ readonly closed: number; stop(): void }> {
  const { verifier, clock } = verifierHarness({ revocations: check });
  const header = `Bearer ${mint(goodClaims(clock()))}`;
  const result = await verifier.authenticator().authenticate({
    method: 'GET',
    url: '/',
    ip: undefined,
    header: (name) => (name === 'authorization' ? header : undefined),
    headerValues: (name) => (name === 'authorization' ? [header] : []),
  });
  if (result.outcome !== 'authenticated') throw new Error(result.outcome);
  await before?.();
  const seen = { closed: 0, stop: () => {} };
  seen.stop = result.onRevoked?.(() => seen.closed++) ?? seen.stop;
  await settled();
  await later?.();
  await settled();
  return seen;
}

describe('the JWT authenticator: a token that was revoked before its stream was watched', () => {
  it('closes it, and once', async () => {
    for (const early of [true, false]) {
      const { clock } = verifierHarness();
      const revocations = createRevocations({ storage: createMemoryStorage({ clock }), issuer, clock });
      const revoke = () => revocations.revokeUser('user-1');
      expect((await calls(revocations, { ...(early && { before: revoke }), later: revoke })).closed).toBe(1);
    }
  });

  it('closes it when nobody can tell, or when the answer is no plain false', async () => {
    for (const answer of [() => Promise.reject(new Error('down')), () => undefined as never, async () => true]) {
      const state = { asked: 0 };
      const check = { isRevoked: () => (state.asked++ === 0 ? false : answer()) };
      expect((await calls(check, {})).closed).toBe(1);
    }
  });

  it('asks again when messages may have been lost, and closes what was revoked meanwhile', async () => {
    const { clock } = verifierHarness();
    const listeners: BusListener[] = [];
    const deaf: Storage = {
      ...createMemoryStorage({ clock }),
      bus: {
        publish: () => undefined,
        subscribe: (_channel, listener) => {
          listeners.push(listener);
          return () => undefined;
        },
      },
    };
    const [here, there] = [1, 2].map(() => createRevocations({ storage: deaf, issuer, clock, staleMs: 60_000 }));
    const lost = () => listeners[0]?.lost();
    expect((await calls(here!, { later: lost })).closed).toBe(0);
    const unheard = await calls(here!, { later: () => there!.revokeUser('user-1') });
    expect(unheard.closed).toBe(0);
    lost();
    await settled();
    expect(unheard.closed).toBe(1);
  });

  it('leaves it open while the token is good, and after it is no longer watched', async () => {
    const { clock } = verifierHarness();
    const revocations = createRevocations({ storage: createMemoryStorage({ clock }), issuer, clock });
    const seen = await calls(revocations, {});
    expect(seen.closed).toBe(0);
    seen.stop();
    await revocations.revokeUser('user-1');
    await settled();
    expect(seen.closed).toBe(0);
  });
});
