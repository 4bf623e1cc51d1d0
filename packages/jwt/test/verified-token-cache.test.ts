import { describe, expect, it } from 'vitest';
import { nativeEngine } from '../src/engine/native-engine.js';
import type { KeyLookup, KeySource } from '../src/keys/key-source.js';
import type { JwtVerifierOptions } from '../src/verify/jwt-verifier.js';
import { goodClaims, mint, secret, verifierHarness } from './verify-harness.js';

describe('the verified-token cache', () => {
  /** A key source that counts how often a signature was checked. */
  function counted(): KeySource & { checks: number; remove: () => void } {
    const check = nativeEngine!.checker('HS256', secret) as (input: string, signature: string) => boolean;
    const listeners: (() => void)[] = [];
    const source = {
      checks: 0,
      remove: () => listeners.forEach((listener) => listener()),
      find: (): KeyLookup => ({
        outcome: 'found',
        check: (input, signature) => {
          source.checks++;
          return check(input, signature);
        },
      }),
      onRemoved: (listener: () => void) => {
        listeners.push(listener);
        return () => undefined;
      },
    };
    return source;
  }

  function harness(
    options: Partial<JwtVerifierOptions> = {},
  ): ReturnType<typeof verifierHarness> & { source: ReturnType<typeof counted> } {
    const source = counted();
    return { ...verifierHarness({ key: undefined as never, keys: source, ...(options as object) }), source };
  }

  it('checks a signature once, and never past exp', async () => {
    const { judge, clock, source } = harness();
    const token = mint(goodClaims(clock(), { exp: clock() / 1000 + 60 }));
    for (let i = 0; i < 5; i++) expect(await judge(token)).toBe('verified');
    expect(source.checks).toBe(1);
    clock.advance(60_000);
    expect(await judge(token)).toBe('expired');
  });

  it('never past exp, whatever the tolerance', async () => {
    const { judge, clock, source } = harness({ clockToleranceMs: 30_000 });
    const token = mint(goodClaims(clock(), { exp: clock() / 1000 + 60 }));
    await judge(token);
    clock.advance(61_000);
    expect(await judge(token)).toBe('verified');
    expect(await judge(token)).toBe('verified');
    expect(source.checks).toBe(3);
  });

  it('keys on the whole token', async () => {
    const { judge, clock, source } = harness();
    const token = mint(goodClaims(clock()));
    await judge(token);
    const [head = '', body = '', signature = ''] = token.split('.');
    const other = mint(goodClaims(clock(), { sub: 'admin' })).split('.')[1];
    expect(await judge(`${head}.${other}.${signature}`)).toBe('signature');
    expect(await judge(`${head}.${body}.${signature.slice(0, -4)}AAAA`)).toBe('signature');
    expect(source.checks).toBe(3);
  });

  it('does not remember a refusal', async () => {
    const { judge, clock, source } = harness();
    const early = mint(goodClaims(clock(), { nbf: clock() / 1000 + 60 }));
    expect(await judge(early)).toBe('not_yet_valid');
    clock.advance(60_000);
    expect(await judge(early)).toBe('verified');
    expect(source.checks).toBe(2);
  });

  it('is bounded, and believes an entry for ttl at most', async () => {
    const { judge, clock, source } = harness({ cache: { max: 4, ttlMs: 10_000 } });
    const tokens = Array.from({ length: 20 }, (_, i) => mint(goodClaims(clock(), { jti: `t${i}` })));
    for (const token of tokens) await judge(token);
    expect(source.checks).toBe(20);
    await judge(tokens[19]!);
    expect(source.checks).toBe(20);
    await judge(tokens[0]!);
    expect(source.checks).toBe(21);
    clock.advance(10_000);
    await judge(tokens[0]!);
    expect(source.checks).toBe(22);
  });

  it('believes nothing from before the clock was set back', async () => {
    const { judge, clock, source } = harness();
    const token = mint(goodClaims(clock(), { iat: undefined, exp: clock() / 1000 + 7200 }));
    await judge(token);
    clock.advance(-1000);
    expect(await judge(token)).toBe('verified');
    expect(source.checks).toBe(2);
  });

  it('is emptied when a key is removed, and can be turned off', async () => {
    const { judge, clock, source } = harness();
    const token = mint(goodClaims(clock()));
    await judge(token);
    source.remove();
    await judge(token);
    expect(source.checks).toBe(2);
    const without = harness({ cache: false });
    await without.judge(token);
    await without.judge(token);
    expect(without.source.checks).toBe(2);
  });

  it('hands out what no handler can change', async () => {
    const { verifier, clock } = verifierHarness();
    const token = mint(goodClaims(clock(), { roles: ['reader'], nested: { a: [{ b: 1 }] }, act: { sub: 'a' } }));
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(await verifier.verify(token))).toBe(true);
    expect(await verifier.verify(token)).toBe(await verifier.verify(token));
  });
});
