import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { nativeEngine } from '../src/engine/native-engine.js';
import type { KeySource } from '../src/keys/key-source.js';
import type { Revocation, RevocationCheck, TokenFacts } from '../src/verify/revocation-check.js';
import { p256 } from './key-material.js';
import { goodClaims, issuer, mint, secret, signText, verifierHarness } from './verify-harness.js';

describe('revocation in the verifier', () => {
  function revocations(): RevocationCheck & {
    revoked: Set<string>;
    tell: (revocation: Revocation) => void;
    asked: TokenFacts[];
  } {
    const listeners = new Set<(revocation: Revocation) => void>();
    const revoked = new Set<string>();
    const asked: TokenFacts[] = [];
    return {
      revoked,
      asked,
      tell: (revocation) => listeners.forEach((listener) => listener(revocation)),
      isRevoked: (token) => {
        asked.push(token);
        return revoked.has(JSON.stringify([token.iss, token.jti]));
      },
      onRevoked: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  }

  it(`keeps the ES256 twin of a revoked token revoked ${requirement('J22')}`, async () => {
    const check = revocations();
    const { judge, clock } = verifierHarness({ algorithms: ['ES256'], key: p256.publicJwk, revocations: check });
    const input = mint(goodClaims(clock()), { alg: 'ES256' }, p256.privateKey).split('.').slice(0, 2).join('.');
    const signature = signText('ES256', input, p256.privateKey);
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const bytes = Buffer.from(signature, 'base64url');
    const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`);
    const twinS = (order - s).toString(16).padStart(64, '0');
    const twin = Buffer.concat([bytes.subarray(0, 32), Buffer.from(twinS, 'hex')]).toString('base64url');
    expect(twin).not.toBe(signature);
    expect(await judge(`${input}.${signature}`)).toBe('verified');
    expect(await judge(`${input}.${twin}`)).toBe('verified');
    check.revoked.add(JSON.stringify([issuer, 'token-1']));
    expect(await judge(`${input}.${signature}`)).toBe('revoked');
    expect(await judge(`${input}.${twin}`)).toBe('revoked');
  });

  it('asks on every verification, also of a cached token', async () => {
    const check = revocations();
    const { judge, clock } = verifierHarness({ revocations: check });
    const token = mint(goodClaims(clock(), { sid: 'login-1' }));
    await judge(token);
    await judge(token);
    const expected = {
      iss: issuer,
      jti: 'token-1',
      sub: 'user-1',
      sid: 'login-1',
      clientId: 'app',
      issuedAt: clock(),
      expiresAt: clock() + 900_000,
    };
    expect(check.asked).toEqual([expected, expected]);
  });

  it('is an outage when the check fails, and a refusal when it says anything but no', async () => {
    const failing = (isRevoked: RevocationCheck['isRevoked']): Promise<string> =>
      verifierHarness({ revocations: { isRevoked } }).judgeClaims({});
    expect(
      await failing(() => {
        throw new Error('down');
      }),
    ).toBe('unavailable');
    expect(await failing(() => Promise.reject(new Error('down')))).toBe('unavailable');
    expect(await failing(async () => true)).toBe('revoked');
    expect(await failing(() => undefined as never)).toBe('revoked');
    expect(await failing(async () => false)).toBe('verified');
  });

  it('forgets what a revocation concerns, by token, user and login', async () => {
    const check = revocations();
    let finds = 0;
    const verify = nativeEngine!.checker('HS256', secret) as (input: string, signature: string) => boolean;
    const keys: KeySource = {
      find: () => ({ outcome: 'found', check: (input, signature) => (finds++, verify(input, signature)) }),
    };
    const { judge, clock, verifier } = verifierHarness({ key: undefined as never, keys, revocations: check });
    const token = mint(goodClaims(clock(), { sid: 'login-1' }));
    const about = { iss: issuer };
    const concerned: readonly Revocation[] = [
      { ...about, kind: 'token', jti: 'token-1' },
      { ...about, kind: 'user', sub: 'user-1', notBefore: clock() },
      { ...about, kind: 'family', sid: 'login-1' },
    ];
    for (const revocation of concerned) {
      await judge(token);
      const before = finds;
      await judge(token);
      expect(finds).toBe(before);
      check.tell(revocation);
      await judge(token);
      expect(finds).toBe(before + 1);
    }
    const others: readonly Revocation[] = [
      { kind: 'token', iss: 'https://other.example', jti: 'token-1' },
      { ...about, kind: 'token', jti: 'token-2' },
      { ...about, kind: 'user', sub: 'user-1', notBefore: clock() - 1 },
      { ...about, kind: 'user', sub: 'user-2', notBefore: clock() },
      { ...about, kind: 'family', sid: 'login-2' },
    ];
    const before = finds;
    for (const revocation of others) check.tell(revocation);
    await judge(token);
    expect(finds).toBe(before);
    verifier.close();
    check.tell(concerned[0]!);
    await judge(token);
    expect(finds).toBe(before);
  });
});
