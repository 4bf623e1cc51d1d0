import { createGuard, createPolicy, type Exchange, random } from '@portcullis/core';
import { readCookie, serializeCookie } from '@portcullis/core/cookies';
import { createOriginCheck } from '@portcullis/core/csrf';
import { createLoginThrottle } from '@portcullis/core/rate-limit';
import { createSessions } from '@portcullis/session';
import type { Data } from './data.js';

const policy = createPolicy({
  permissions: ['sessions:read', 'sessions:revoke'],
  roles: { user: ['sessions:*'] },
});
const device = '__Host-device';

/** Why nobody was signed in, for the page that says so. */
export interface SignInRefused {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly message: string;
}

/** Authentication, wired once. `origins` are the application's own, as browsers see them. */
export function createAuth({ storage, passwords, users }: Data, origins: readonly string[]) {
  const sessions = createSessions({ storage, csrf: { origins } });
  const ownPage = createOriginCheck({ origins });
  // With several processes: one key for all, from the environment. With this one, devices are strangers after a restart.
  const throttle = createLoginThrottle({ storage, key: random(32) });
  const guard = createGuard({ authenticators: [sessions.authenticator()], policy, roles: () => ['user'] });

  /** Signs in who knows the password. `undefined` when it did. */
  async function signIn({ request, response }: Exchange, form: unknown): Promise<SignInRefused | undefined> {
    const startedAt = Date.now();
    // First of all: another site must not use up the tries of whoever looks at it.
    const origin = ownPage.check(request);
    if (!origin.allowed) return refused(origin.denial);
    const email = field(form, 'email').trim().toLowerCase();
    const password = field(form, 'password');
    if (email === '' || password === '') return { status: 422, headers: [], message: 'Give both.' };

    const user = users.find(email);
    const known = readCookie(request.headerValues('cookie'), device);
    const who = { account: user?.id ?? email, address: request.ip };
    const gate = await throttle.attempt({ ...who, device: typeof known === 'string' ? known : undefined });
    if (gate.outcome !== 'allowed') return refused(gate.denial);
    // Without a user it costs the same time, and the answer is the same.
    const result = await passwords.verify(password, user?.passwordHash);
    if (user === undefined || !result.verified)
      return { status: 403, headers: [], message: 'Wrong address or password.' };

    if (result.rehashed !== undefined) users.setPasswordHash(user.id, result.rehashed);
    await sessions.signIn({ request, response }, { user: user.id, startedAt });
    const token = (await throttle.succeeded(who)).reveal();
    const attributes = { path: '/', secure: true, httpOnly: true, sameSite: 'lax', maxAge: 34_560_000 } as const;
    response.append('set-cookie', serializeCookie(device, token, attributes));
    return undefined;
  }

  function refused(denial: Parameters<typeof guard.refuse>[0]): SignInRefused {
    const { status, headers, problem } = guard.refuse(denial);
    return { status, headers, message: problem.detail ?? problem.title };
  }

  return { sessions, guard, signIn };
}

export type Auth = ReturnType<typeof createAuth>;

/** A field of a form, if it is there once and no longer than anyone types. */
function field(form: unknown, name: string): string {
  const value: unknown = typeof form === 'object' && form !== null ? Reflect.get(form, name) : undefined;
  return typeof value === 'string' && value.length <= 1000 ? value : '';
}
