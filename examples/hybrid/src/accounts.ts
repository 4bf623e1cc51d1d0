import { randomUUID } from 'node:crypto';
import type { AuthRequest } from '@portcullis/core';
import type { PasswordFault, Passwords } from '@portcullis/password';
import type { Auth } from './auth.js';
import type { Account, Users } from './users.js';

export interface AccountsParts {
  readonly auth: Pick<Auth, 'keys' | 'sessions' | 'tokens'>;
  readonly users: Users;
  readonly passwords: Passwords;
}

/** What a refused password, or an address that is taken, is told. */
export type Refusal = { readonly field: 'email' | 'password'; readonly message: string };

/** What happens to users as a whole. */
export function createAccounts({ auth: { keys, sessions, tokens }, users, passwords }: AccountsParts) {
  const refusal = (faults: readonly PasswordFault[]): Refusal => ({
    field: 'password',
    message: faults[0]?.message ?? 'Choose another password.',
  });
  const wordsOf = (name: string, email: string): string[] => [name, email, email.split('@')[0] ?? '', 'inkwell'];

  return {
    async signUp(input: { readonly name: string; readonly email: string; readonly password: string }) {
      const { name, email } = input;
      // Before the address is looked at, so that a taken one costs the same time.
      const choice = await passwords.choose(input.password, { words: wordsOf(name, email) });
      if (!choice.accepted) return { outcome: 'refused', refusal: refusal(choice.faults) } as const;
      const taken: Refusal = { field: 'email', message: 'This address cannot be used. Have you signed up before?' };
      if (users.findByEmail(email) !== undefined) return { outcome: 'refused', refusal: taken } as const;
      const id = randomUUID();
      users.create({ id, name, role: 'author', email, passwordHash: choice.hash });
      return { outcome: 'created', user: users.find(id) as Account } as const;
    },

    /** Ends every other session and every token. Keys stay: servers use them, and they do not know the password. */
    async changePassword(request: AuthRequest, user: Account, next: string): Promise<Refusal | undefined> {
      const { id, name, email, passwordHash, totpSealed } = user;
      const words = wordsOf(name, email ?? id);
      const choice = await passwords.choose(next, { words, secondFactor: totpSealed !== null });
      if (!choice.accepted) return refusal(choice.faults);
      if (!users.setPassword(id, choice.hash, passwordHash))
        return { field: 'password', message: 'It was changed in another window meanwhile. Try again.' };
      await sessions.revokeOthers(request);
      await tokens.revokeAll(id);
      return undefined;
    },

    /**
     * The mark first, then the ends: whatever began before them is undone by them, and whatever begins after them sees
     * the mark. Keys are revoked for good; who is enabled again makes new ones.
     */
    async disable(id: string, by: string): Promise<void> {
      users.setDisabled(id, Date.now());
      await Promise.all([
        sessions.revokeAll(id),
        tokens.revokeAll(id),
        keys.revokeAll(id, { reason: `user disabled by ${by}` }),
      ]);
    },

    enable: (id: string): void => users.setDisabled(id, null),
  };
}

export type Accounts = ReturnType<typeof createAccounts>;
