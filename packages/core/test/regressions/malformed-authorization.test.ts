import { createGuard } from '@portcullis/core';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';
import { guardWith, headerOf, policy, requestOf, tokenAuthenticator } from '../guard/harness.js';

const authenticated = { kind: 'authenticated' } as const;

async function refusalOf(value: string, guard = guardWith()) {
  const decision = await guard.check(requestOf([['Authorization', value]]), authenticated);
  if (decision.allowed) throw new Error('It was allowed.');
  return decision;
}

describe('createGuard: an Authorization header that nobody reads', () => {
  it.each(['', 'Bearer', 'bearer ', 'Bearer\tx', 'Bearer not-a b', 'Bearer not-ü', 'DPoP', 'Basic a b', ',', '=x'])(
    `answers 400 invalid_request to the malformed %j ${requirement('C13')}`,
    async (value) => {
      const { denial, outcome } = await refusalOf(value);
      expect([denial.code, outcome.status]).toEqual(['invalid_request', 400]);
      expect(headerOf(outcome, 'www-authenticate')).toContain('error="invalid_request"');
    },
  );

  it.each(['Bearer not-ours', 'bearer  not-ours', 'Basic YTpi', 'Digest username="a", realm="b"', 'Unknown'])(
    `answers 401 invalid_token to the well-formed %j ${requirement('C13')}`,
    async (value) => {
      const { denial, outcome } = await refusalOf(value);
      expect([denial.code, outcome.status]).toEqual(['invalid_token', 401]);
      expect(headerOf(outcome, 'www-authenticate')).toContain('error="invalid_token"');
    },
  );

  it('leaves a malformed credential to an authenticator that claims it', async () => {
    const claiming = {
      ...tokenAuthenticator(() => ({ outcome: 'absent' })),
      claims: () => true,
    };
    const guard = createGuard({ authenticators: [claiming], policy, onError: () => {} });
    const decision = await guard.check(requestOf([['Authorization', 'Bearer']]), authenticated);
    expect(decision).toMatchObject({ allowed: false, denial: { code: 'invalid_token' } });
  });
});
