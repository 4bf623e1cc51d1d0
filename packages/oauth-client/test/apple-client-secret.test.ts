import { fakeClock } from '@portcullis-internal/testkit';
import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { appleClientSecret } from '../src/providers/index.js';

const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
const pem = await exportPKCS8(privateKey);
const identity = { teamId: 'TEAM123456', keyId: 'KEY1234567', clientId: 'org.example.web' };
const now = 1_800_000_000_000;
const day = 86_400_000;

describe('appleClientSecret', () => {
  it('signs what Apple asks for, from the text of the .p8 file or a key', async () => {
    for (const key of [pem, privateKey]) {
      const secret = await appleClientSecret({ ...identity, privateKey: key, clock: () => now })();
      const { payload, protectedHeader } = await jwtVerify(secret, publicKey, { currentDate: new Date(now) });
      expect(protectedHeader).toEqual({ alg: 'ES256', kid: 'KEY1234567' });
      expect(payload).toEqual({
        iss: 'TEAM123456',
        sub: 'org.example.web',
        aud: 'https://appleid.apple.com',
        iat: now / 1000,
        exp: now / 1000 + 86_400,
      });
    }
  });

  it('makes one for all callers, and a new one an hour before it expires', async () => {
    const clock = fakeClock(now);
    const secret = appleClientSecret({ ...identity, privateKey, clock });
    const [first, second] = await Promise.all([secret(), secret()]);
    expect(second).toBe(first);
    clock.advance(day - 3_600_001);
    expect(await secret()).toBe(first);
    clock.advance(1);
    const renewed = await secret();
    expect(renewed).not.toBe(first);
    const { payload } = await jwtVerify(renewed, publicKey, { currentDate: new Date(clock()) });
    expect(payload.iat).toBe(clock() / 1000);
  });

  it('says what is missing, and nothing of the key', async () => {
    const invalid = expect.objectContaining({ code: 'invalid_option' });
    for (const name of ['teamId', 'keyId', 'clientId']) {
      expect(() => appleClientSecret({ ...identity, privateKey: pem, [name]: '' }), name).toThrow(invalid);
    }
    expect(() => appleClientSecret({ ...identity, privateKey: 'AuthKey_KEY1234567.p8' })).toThrow(invalid);
    const broken = pem.replace(/^M.{20}/m, 'A'.repeat(21));
    const failure: unknown = await appleClientSecret({ ...identity, privateKey: broken })().catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'invalid_option' });
    expect(failure).not.toHaveProperty('cause');
    expect(String(failure)).not.toContain(pem.slice(60, 90));
  });
});
