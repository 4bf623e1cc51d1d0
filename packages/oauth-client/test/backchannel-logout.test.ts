import { type EndpointInput, readParsedForm } from '@portcullis/core/endpoint';
import { requirement } from '@portcullis-internal/testkit';
import type { JWTPayload } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EndedSession } from '../src/logout/backchannel-logout.js';
import { providerSessionCollection } from '../src/logout/provider-sessions.js';
import { type Harness, startHarness } from './support/sign-in-harness.js';

const event = { 'http://schemas.openid.net/event/backchannel-logout': {} };
let harness: Harness;
let ended: string[];
let fail = false;
beforeEach(async () => {
  harness = await startHarness();
  ended = [];
  fail = false;
});
afterEach(() => harness.provider.close());

const end = ({ session }: EndedSession): void => {
  if (fail) throw new Error('the storage is down');
  ended.push(session);
};

/** Signs in as `sub` in the provider's session `sid`, and begins `session` here. */
async function signedIn(sub: string, sid: string, session: string): Promise<void> {
  harness.provider.claims = { sub, sid };
  harness.provider.userInfo = { sub };
  const result = await harness.signIn();
  await harness.oauth.sessions.remember(result, { id: session, user: sub, endsAt: harness.clock() + 3_600_000 });
}

let count = 0;
async function logoutToken(changes: Record<string, unknown> = {}, header: { typ?: string } = { typ: 'logout+jwt' }) {
  const now = Math.floor(harness.clock() / 1000);
  const claims = {
    iss: harness.provider.issuer,
    aud: 'client-1',
    iat: now,
    exp: now + 120,
    jti: `jti-${++count}`,
    events: event,
    ...changes,
  };
  return harness.provider.sign(JSON.parse(JSON.stringify(claims)) as JWTPayload, header);
}

async function send(fields: Record<string, unknown>, method = 'POST') {
  const exchange = harness.browser.visit('/auth/example/backchannel', { method });
  const input: EndpointInput = { ...exchange, path: { provider: 'example' }, form: async () => readParsedForm(fields) };
  return harness.oauth.backchannelLogoutHandler({ end })(input);
}

describe('a logout token', () => {
  it(`ends the sessions of its sid and no other ${requirement('I10')}`, async () => {
    await signedIn('ada', 's1', 'app-1');
    await signedIn('ada', 's2', 'app-2');
    await signedIn('eve', 's3', 'app-3');
    harness.clock.advance(1_000);
    expect((await send({ logout_token: await logoutToken({ sub: 'ada', sid: 's1' }) })).status).toBe(200);
    expect(ended).toEqual(['app-1']);
    expect((await send({ logout_token: await logoutToken({ sub: 'eve', sid: 's2' }) })).status).toBe(200);
    expect(ended).toEqual(['app-1']);
    expect((await send({ logout_token: await logoutToken({ sub: 'ada' }) })).status).toBe(200);
    expect(ended).toEqual(['app-1', 'app-2']);
  });

  it.each<[string, Record<string, unknown>, { typ?: string }?]>([
    ['another type', { sub: 'ada' }, { typ: 'JWT' }],
    ['a nonce', { sub: 'ada', nonce: 'x' }],
    ['no event', { sub: 'ada', events: {} }],
    ['an event that is no object', { sub: 'ada', events: { 'http://schemas.openid.net/event/backchannel-logout': 1 } }],
    ['no events', { sub: 'ada', events: undefined }],
    ['neither sub nor sid', {}],
    ['no jti', { sub: 'ada', jti: undefined }],
    ['another audience', { sub: 'ada', aud: 'client-2' }],
    ['another issuer', { sub: 'ada', iss: 'https://evil.example' }],
    ['an expiry that is past', { sub: 'ada', exp: 1_000 }],
    ['an age of eleven minutes', { sub: 'ada', iat: 1_767_225_600 - 660 }],
  ])(`is refused: %s ${requirement('I8', 'I9')}`, async (_name, changes, header) => {
    await signedIn('ada', 's1', 'app-1');
    const answer = await send({ logout_token: await logoutToken(changes, header) });
    expect(answer.status).toBe(400);
    expect(answer.headers).toContainEqual(['cache-control', 'no-store']);
    expect(ended).toEqual([]);
  });

  it(`is refused the second time ${requirement('I8')}`, async () => {
    const token = await logoutToken({ sub: 'ada' });
    expect((await send({ logout_token: token })).status).toBe(200);
    expect((await send({ logout_token: token })).status).toBe(400);
  });

  it(`may come again when the sessions could not be ended ${requirement('I9')}`, async () => {
    await signedIn('ada', 's1', 'app-1');
    const token = await logoutToken({ sub: 'ada' });
    fail = true;
    const answer = await send({ logout_token: token });
    expect(answer.status).toBe(400);
    expect(answer.body).toBe('{"error":"temporarily_unavailable"}');
    fail = false;
    expect((await send({ logout_token: token })).status).toBe(200);
    expect(ended).toEqual(['app-1']);
  });

  it(`answers 200 or 400, and nothing may keep the answer ${requirement('I9')}`, async () => {
    for (const fields of [{}, { logout_token: 'x' }, { logout_token: ['a', 'b'] }]) {
      const answer = await send(fields);
      expect(answer.status).toBe(400);
      expect(answer.headers).toContainEqual(['cache-control', 'no-store']);
    }
    const good = await send({ logout_token: await logoutToken({ sub: 'nobody' }) });
    expect(good).toMatchObject({ status: 200, headers: [['cache-control', 'no-store']] });
  });

  it('ends a sign-in that is still under way', async () => {
    harness.provider.claims = { sub: 'user-1', sid: 's9' };
    const result = await harness.signIn();
    expect((await send({ logout_token: await logoutToken({ sid: 's9' }) })).status).toBe(200);
    await expect(
      harness.oauth.sessions.remember(result, { id: 'app-9', user: 'u', endsAt: harness.clock() + 1_000 }),
    ).rejects.toMatchObject({ code: 'sign_in_unknown' });
    harness.clock.advance(1);
    await signedIn('user-1', 's10', 'app-10');
  });
});

describe('what is kept of a session', () => {
  it('gives the ID token back once, and holds it sealed', async () => {
    await signedIn('ada', 's1', 'app-1');
    const stored = JSON.stringify(await harness.storage.collection(providerSessionCollection).scan({ limit: 10 }));
    const known = await harness.oauth.sessions.forget('app-1');
    const hint = known?.idTokenHint?.reveal() ?? '';
    expect(hint.split('.')).toHaveLength(3);
    expect(stored).not.toContain(hint);
    expect(await harness.oauth.sessions.forget('app-1')).toBeUndefined();
  });
});
