import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTestIssuer } from '@portcullis/jwt/testing';
import * as production from '@portcullis/jwt';
import { createJwtVerifier } from '../src/verify/create-jwt-verifier.js';

describe('createTestIssuer', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('mints tokens that a verifier with its options takes, and others that it does not', async () => {
    const test = await createTestIssuer();
    const verifier = createJwtVerifier(test.verifierOptions);
    expect(await verifier.verify(await test.mint())).toMatchObject({
      outcome: 'verified',
      token: { principal: { id: 'user-1' } },
    });
    expect(await verifier.verify(await test.mint({ sub: 'ada', scope: 'posts:read' }))).toMatchObject({
      token: { principal: { id: 'ada' }, credential: { scopes: ['posts:read'] } },
    });
    expect(await verifier.verify(await test.mint({ exp: 1 }))).toMatchObject({ fault: 'expired' });
    expect(await verifier.verify(await test.mint({ aud: undefined }))).toMatchObject({ fault: 'missing_claim' });
    expect(await verifier.verify(await test.mint({}, { typ: 'JWT' }))).toMatchObject({ fault: 'token_type' });
    const another = await createTestIssuer();
    expect(await verifier.verify(await another.mint())).toMatchObject({ outcome: 'rejected', fault: 'signature' });
  });

  it('refuses to work in production', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    await expect(createTestIssuer()).rejects.toMatchObject({ code: 'invalid_option' });
  });

  it('is in no other entry', () => {
    expect(Object.keys(production)).not.toContain('createTestIssuer');
  });
});
