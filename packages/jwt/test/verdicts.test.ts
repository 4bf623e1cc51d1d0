import { describe, expect, it } from 'vitest';
import { createVerdicts } from '../src/revoke/verdicts.js';
import { issuer as iss, tokenFacts as facts } from './token-harness.js';

describe('createVerdicts', () => {
  it('keeps "not revoked" for staleMs from the question, and not for a clock that was set back', () => {
    const verdicts = createVerdicts({ max: 10, staleMs: 100 });
    verdicts.set(facts(), false, 1000);
    expect([999, 1000, 1099, 1100].map((now) => verdicts.get(facts(), now))).toEqual([
      undefined,
      false,
      false,
      undefined,
    ]);
  });

  it('keeps "revoked" whatever the clock says, also where nothing else is kept', () => {
    const verdicts = createVerdicts({ max: 10, staleMs: 0 });
    verdicts.set(facts({ jti: 'good' }), false, 1000);
    verdicts.set(facts(), true, 1000);
    expect(verdicts.get(facts({ jti: 'good' }), 1000)).toBeUndefined();
    expect([0, 1000, 1e15].map((now) => verdicts.get(facts(), now))).toEqual([true, true, true]);
  });

  it.each([{ iss: 'https://other.example.com' }, { sub: 'user-2' }, { sid: 'family-2' }, { issuedAt: 1001 }])(
    'says nothing of another token with the same jti: %o',
    (other) => {
      const verdicts = createVerdicts({ max: 10, staleMs: 100 });
      verdicts.set(facts(), true, 1000);
      expect(verdicts.get(facts(other), 1000)).toBeUndefined();
    },
  );

  it('keeps nothing of a token without a jti', () => {
    const verdicts = createVerdicts({ max: 10, staleMs: 100 });
    verdicts.set(facts({ jti: undefined }), true, 1000);
    expect(verdicts.get(facts({ jti: undefined }), 1000)).toBeUndefined();
  });

  const held = (verdicts: ReturnType<typeof createVerdicts>, names: readonly string[]): string[] =>
    names.filter((jti) => verdicts.get(facts({ jti }), 1000) === false);

  const remembering = (max: number, names: readonly string[]): ReturnType<typeof createVerdicts> => {
    const verdicts = createVerdicts({ max, staleMs: 100 });
    for (const jti of names) verdicts.set(facts({ jti }), false, 1000);
    return verdicts;
  };

  it('drops the oldest half when there are too many, and never what was just asked for', () => {
    // A second time takes no more room.
    expect(held(remembering(4, ['a', 'b', 'c', 'd', 'd']), ['d', 'c'])).toEqual(['d', 'c']);
    // Asked for last, a comes back to the young ones, and b goes with the old ones.
    const verdicts = remembering(4, ['a', 'b', 'c']);
    expect(verdicts.get(facts({ jti: 'a' }), 1000)).toBe(false);
    verdicts.set(facts({ jti: 'd' }), false, 1000);
    expect(held(verdicts, ['b'])).toEqual([]);
    expect(held(verdicts, ['a', 'c', 'd'])).toEqual(['a', 'c', 'd']);
  });

  it('never holds more than max, or than two, and always the last', () => {
    for (const max of [1, 2, 8]) {
      const names = Array.from({ length: 50 }, (_, i) => `jti-${i}`);
      const kept = held(remembering(max, names), names);
      expect(kept).toContain('jti-49');
      expect(kept.length).toBeLessThanOrEqual(Math.max(2, max));
    }
  });

  it('forgets what a revocation concerns, in both halves, and nothing else', () => {
    const make = () => {
      const verdicts = createVerdicts({ max: 4, staleMs: 100 });
      verdicts.set(facts({ jti: 'old' }), false, 1000);
      verdicts.set(facts({ jti: 'other', sub: 'user-2', sid: 'family-2' }), false, 1000);
      verdicts.set(facts({ jti: 'young' }), false, 1000);
      return verdicts;
    };
    const known = (verdicts: ReturnType<typeof make>) => [
      verdicts.get(facts({ jti: 'old' }), 1000),
      verdicts.get(facts({ jti: 'other', sub: 'user-2', sid: 'family-2' }), 1000),
      verdicts.get(facts({ jti: 'young' }), 1000),
    ];
    const after = (revocation: Parameters<ReturnType<typeof make>['forget']>[0]) => {
      const verdicts = make();
      verdicts.forget(revocation);
      return known(verdicts);
    };
    expect(after({ kind: 'token', iss, jti: 'old' })).toEqual([undefined, false, false]);
    expect(after({ kind: 'token', iss, jti: 'young' })).toEqual([false, false, undefined]);
    expect(after({ kind: 'token', iss: 'https://other.example.com', jti: 'old' })).toEqual([false, false, false]);
    expect(after({ kind: 'user', iss, sub: 'user-1', notBefore: 2000 })).toEqual([undefined, false, undefined]);
    expect(after({ kind: 'user', iss, sub: 'user-1', notBefore: 500 })).toEqual([false, false, false]);
    expect(after({ kind: 'family', iss, sid: 'family-2' })).toEqual([false, undefined, false]);
    const verdicts = make();
    verdicts.clear();
    expect(known(verdicts)).toEqual([undefined, undefined, undefined]);
  });
});
