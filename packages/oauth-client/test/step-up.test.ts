import { requirement } from '@portcullis-internal/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from './support/sign-in-harness.js';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.provider.close());

const challenge = (scope: string): string => `Bearer realm="api", error="insufficient_scope", scope="${scope}"`;
const stepUp = (scope: string, granted: readonly string[], user = 'u1') =>
  harness.oauth.stepUp(harness.browser.visit('/more'), 'example', { user, challenge: challenge(scope), granted });

describe('a step-up', () => {
  it(`asks for what was granted and what is wanted besides ${requirement('O15')}`, async () => {
    const { redirectTo } = await stepUp('files:write files:read', ['openid', 'files:read']);
    expect(new URL(redirectTo).searchParams.get('scope')).toBe('openid files:read files:write');
  });

  it(`is refused when it would ask for nothing new ${requirement('O15')}`, async () => {
    await expect(stepUp('files:read', ['openid', 'files:read'])).rejects.toMatchObject({ code: 'sign_in_denied' });
    const unnamed = harness.oauth.stepUp(harness.browser.visit('/more'), 'example', {
      user: 'u1',
      challenge: 'Bearer error="insufficient_scope"',
      granted: ['openid'],
    });
    await expect(unnamed).rejects.toMatchObject({ code: 'sign_in_denied' });
  });

  it(`is refused the fourth time in ten minutes, for this user only ${requirement('O15')}`, async () => {
    for (let attempt = 0; attempt < 3; attempt++) await stepUp(`new:${attempt}`, ['openid']);
    await expect(stepUp('new:3', ['openid'])).rejects.toMatchObject({ code: 'sign_in_denied' });
    await stepUp('new:3', ['openid'], 'u2');
    harness.clock.advance(600_000);
    await stepUp('new:3', ['openid']);
  });
});
