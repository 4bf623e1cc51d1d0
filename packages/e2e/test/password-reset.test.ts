import { type AuthRequest, createGuard, createMemoryStorage, createPolicy, type Exchange } from '@portcullis/core';
import { createOneTimeCodes, createTotp, totpCode } from '@portcullis/password';
import { createSessions } from '@portcullis/session';
import { fakeClock, requirement } from '@portcullis-internal/testkit';
import { describe, expect, it } from 'vitest';

const secretBytes = Uint8Array.from({ length: 20 }, (_, i) => i);
const base32 = 'AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT';

/** A browser that keeps one cookie. */
function createBrowser() {
  let cookie: string | undefined;
  const fields = (name: string): readonly string[] => {
    if (name === 'sec-fetch-site') return ['same-origin'];
    return name === 'cookie' && cookie !== undefined ? [`__Host-sid=${cookie}`] : [];
  };
  // A new object each time, as an adapter makes one for each request.
  const request = (): AuthRequest => ({
    method: 'POST',
    url: '/',
    ip: '192.0.2.1',
    header: (name) => fields(name)[0],
    headerValues: fields,
  });
  const exchange = (): Exchange => ({
    request: request(),
    response: {
      append(name, value) {
        const text = name === 'set-cookie' ? /^__Host-sid=([^;]*)/.exec(value)?.[1] : undefined;
        if (text !== undefined) cookie = text === '' ? undefined : text;
      },
    },
  });
  return { request, exchange, hasCookie: () => cookie !== undefined };
}

describe('resetting a password', () => {
  it(`does not bypass a second factor ${requirement('P20')}`, async () => {
    const clock = fakeClock();
    const storage = createMemoryStorage({ clock });
    const resets = createOneTimeCodes({ storage, purpose: 'reset', clock });
    const totp = createTotp({ storage, issuer: 'Example', clock });
    const sessions = createSessions({ storage, clock, csrf: { origins: ['https://app.example.org'] } });
    const guard = createGuard({
      authenticators: [sessions.authenticator()],
      policy: createPolicy({ permissions: ['mail:read'], roles: { user: ['mail:read'] } }),
      roles: () => ['user'] as const,
      clock,
    });
    const statusOf = async (request: AuthRequest) => {
      const decision = await guard.check(request, { kind: 'permission', permission: 'mail:read', acr: 'mfa' });
      return decision.allowed ? 200 : decision.outcome.status;
    };
    const code = () => totpCode(secretBytes, Math.floor(clock() / 30_000));

    const owner = createBrowser();
    await sessions.signIn(owner.exchange(), { user: 'ada', acr: 'mfa' });
    const seen = code();
    expect(await totp.verify('ada', base32, seen)).toEqual({ verified: true });
    expect(await statusOf(owner.request())).toBe(200);

    // Whoever reads Ada's mail redeems a reset. That is an answer, not a session.
    const attacker = createBrowser();
    const reset = await resets.issue({ subject: 'ada', binding: 'a browser' });
    expect(await resets.redeem(reset.reveal(), { binding: 'a browser' })).toEqual({ redeemed: true, subject: 'ada' });
    expect(attacker.hasCookie()).toBe(false);
    expect(await statusOf(attacker.request())).toBe(401);

    // With the new password there is a session of one factor, which a route of two refuses.
    await sessions.revokeAll('ada');
    clock.advance(1);
    await sessions.signIn(attacker.exchange(), { user: 'ada', acr: 'pwd' });
    expect(await statusOf(attacker.request())).toBe(401);
    expect(await statusOf(owner.request())).toBe(401);

    // The second factor is as it was: the code that was seen stays used, and tries are counted on.
    expect(await totp.verify('ada', base32, seen)).toEqual({ verified: false, reason: 'wrong' });
    for (let tries = 1; tries < 5; tries++) await totp.verify('ada', base32, '000000');
    const again = await resets.issue({ subject: 'ada', binding: 'a browser' });
    await resets.redeem(again.reveal(), { binding: 'a browser' });
    expect(await totp.verify('ada', base32, '000000')).toEqual({ verified: false, reason: 'too_many_tries' });

    clock.advance(300_000);
    expect(await totp.verify('ada', base32, code())).toEqual({ verified: true });
    await sessions.reauthenticate(attacker.exchange(), { acr: 'mfa' });
    expect(await statusOf(attacker.request())).toBe(200);
  });
});
