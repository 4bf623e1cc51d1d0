import { createJwtVerifier } from '@portcullis/jwt';
import { createTestIssuer } from '@portcullis/jwt/testing';
import { describe, expect, it } from 'vitest';
import { createApp } from '../choose/verifier.js';

// An issuer for this test run. Its key never leaves the process, and it refuses to exist where NODE_ENV is production.
const issuer = await createTestIssuer();
const app = createApp(issuer.verifierOptions);

const ask = (token?: string) =>
  app.request('/posts', { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });

describe('GET /posts', () => {
  it('is closed to strangers', async () => {
    expect((await ask()).status).toBe(401);
  });

  it('is open to who may read', async () => {
    const response = await ask(await issuer.mint({ sub: 'ada', scope: 'read:posts' }));
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('ada');
  });

  it('is closed to a token for something else, an expired one, and one of another issuer', async () => {
    expect((await ask(await issuer.mint({ sub: 'ada', scope: 'read:mail' }))).status).toBe(403);
    expect((await ask(await issuer.mint({ sub: 'ada', scope: 'read:posts', exp: 1 }))).status).toBe(401);
    const stranger = await createTestIssuer();
    expect((await ask(await stranger.mint({ sub: 'ada', scope: 'read:posts' }))).status).toBe(401);
  });
});

it('finds a token that says who and until when', async () => {
  const { outcome } = await createJwtVerifier(issuer.verifierOptions).verify(await issuer.mint({ sub: 'ada' }));
  expect(outcome).toBe('verified');
});
