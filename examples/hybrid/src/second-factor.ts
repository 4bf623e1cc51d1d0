import { createSealer } from '@portcullis/core';
import { createRecoveryCodes, createTotp } from '@portcullis/password';
import type { SqliteStorage } from '@portcullis/storage-sqlite';
import { ringOf, type Secrets } from './secrets.js';
import type { Account, Users } from './users.js';

export interface SecondFactorParts {
  readonly storage: SqliteStorage;
  readonly users: Users;
  readonly secrets: Secrets;
}

/** Codes of an authenticator app, and recovery codes for who has lost it. */
export function createSecondFactor({ storage, users, secrets }: SecondFactorParts) {
  const sealer = createSealer(ringOf(secrets.sealing));
  const totp = createTotp({ storage, issuer: 'Inkwell' });
  const recovery = createRecoveryCodes({ storage });
  // One user's sealed secret opens nothing in another's row.
  const contextOf = (id: string): string => `second factor of ${id}`;

  async function isRight(id: string, sealed: string, code: string): Promise<boolean> {
    const secret = await sealer.open(sealed, contextOf(id));
    if (secret === undefined) throw new Error(`the second factor of ${id} was sealed under a key that is gone`);
    return (await totp.verify(id, secret, code.replace(/\s/g, ''))).verified;
  }

  return {
    /** Whether the code proves it. A recovery code is used up. */
    async verify({ id, totpSealed }: Account, code: string): Promise<boolean> {
      if (totpSealed === null) return false;
      return (await isRight(id, totpSealed, code)) || recovery.use(id, code);
    },

    /** A secret to show once, and the same sealed, to be kept until the first code proves that the app has it. */
    async begin({ id, email }: Account) {
      const secret = totp.createSecret().reveal();
      return { sealed: await sealer.seal(secret, contextOf(id)), secret, uri: totp.uri(secret, email ?? id).reveal() };
    },

    async reveal({ id, email }: Account, sealed: string) {
      const secret = await sealer.open(sealed, contextOf(id));
      return secret === undefined ? undefined : { sealed, secret, uri: totp.uri(secret, email ?? id).reveal() };
    },

    /** Recovery codes, to be shown once; `undefined` for a wrong code. */
    async enable({ id, totpSealed }: Account, sealed: string, code: string): Promise<readonly string[] | undefined> {
      if (!(await isRight(id, sealed, code)) || !users.setTotp(id, sealed, totpSealed)) return undefined;
      return (await recovery.create(id)).map((one) => one.reveal());
    },

    async disable({ id, totpSealed }: Account): Promise<void> {
      users.setTotp(id, null, totpSealed);
      await recovery.delete(id);
    },

    remaining: (id: string): Promise<number> => recovery.remaining(id),
  };
}

export type SecondFactor = ReturnType<typeof createSecondFactor>;
