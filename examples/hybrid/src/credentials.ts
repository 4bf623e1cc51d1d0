import type { Denial } from '@portcullis/core';
import type { Passwords } from '@portcullis/password';
import type { Auth } from './auth.js';
import type { SecondFactor } from './second-factor.js';
import { type Account, normalizeEmail, type Users } from './users.js';

export interface CredentialsParts {
  readonly auth: Pick<Auth, 'throttle'>;
  readonly users: Users;
  readonly passwords: Passwords;
  readonly secondFactor: SecondFactor;
}

/** Where a password comes from. */
export interface Client {
  readonly address: string | undefined;
  /** What this browser was given at an earlier sign-in. */
  readonly device?: string | undefined;
}

export type PasswordCheck =
  | { readonly outcome: 'right'; readonly user: Account; readonly startedAt: number }
  /** No such user, a wrong password and a disabled user: nobody outside learns which. */
  | { readonly outcome: 'wrong' }
  | { readonly outcome: 'refused'; readonly denial: Denial };

/** Checks what people know. Whoever signs in, by form or by API, comes through here. */
export function createCredentials({ auth: { throttle }, users, passwords, secondFactor }: CredentialsParts) {
  return {
    async checkPassword(email: string, password: string, { address, device }: Client): Promise<PasswordCheck> {
      // Before anything is read: an end of all logins from now on undoes this one.
      const startedAt = Date.now();
      const user = users.findByEmail(email);
      const account = user?.id ?? `unknown ${normalizeEmail(email)}`;
      const gate = await throttle.attempt({ account, address, device });
      // Nobody can tell how many tries there were: an outage, and no answer to this one.
      if (gate.outcome === 'unavailable') throw gate.cause;
      if (gate.outcome !== 'allowed') return { outcome: 'refused', denial: gate.denial };
      // Nobody's password costs as much as somebody's.
      const result = await passwords.verify(password, user?.passwordHash ?? undefined);
      if (!result.verified || user === undefined || user.disabledAt !== null) return { outcome: 'wrong' };
      const { rehashed } = result;
      const isStored = rehashed !== undefined && users.setPassword(user.id, rehashed, user.passwordHash);
      return { outcome: 'right', user: isStored ? { ...user, passwordHash: rehashed } : user, startedAt };
    },

    /** Whether the code is right, or none is needed. */
    checkCode: async (user: Account, code: string): Promise<boolean> =>
      user.totpSealed === null || secondFactor.verify(user, code),

    /** Ends the row of failures, once everything was right. The token is for a cookie of this browser. */
    succeeded: async (user: Account, { address }: Client): Promise<string> =>
      (await throttle.succeeded({ account: user.id, address })).reveal(),
  };
}

export type Credentials = ReturnType<typeof createCredentials>;
