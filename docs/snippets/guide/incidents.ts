import type { ApiKeys } from '@portcullis/api-key';
import type { RotatingSigningKeys, TokenIssuer } from '@portcullis/jwt';
import type { Sessions } from '@portcullis/session';

interface Parts {
  readonly keys: Pick<ApiKeys, 'revokeLeaked' | 'revokeAll'>;
  readonly sessions: Pick<Sessions<unknown>, 'revokeAll'>;
  readonly tokens: Pick<TokenIssuer, 'revokeAll'>;
  readonly signingKeys: Pick<RotatingSigningKeys, 'list' | 'remove'>;
}

export function createIncidentTools({ keys, sessions, tokens, signingKeys }: Parts) {
  // #region key-leaked
  /** Whose it was, or `undefined` when it is none of ours. */
  async function keyLeaked(plaintext: string): Promise<string | undefined> {
    const revoked = await keys.revokeLeaked(plaintext);
    return revoked?.owner; // tell them, and show them when it was last used
  }
  // #endregion key-leaked

  // #region log-out
  /** Ends whatever acts in a user's name: web sessions, app logins with their access tokens, and API keys. */
  async function logOutEverywhere(user: string, reason: string): Promise<void> {
    await Promise.all([sessions.revokeAll(user), tokens.revokeAll(user), keys.revokeAll(user, { reason })]);
  }
  // #endregion log-out

  // #region everyone
  /** One user after the other, so that a failure can be taken up where it was. */
  async function logEveryoneOut(users: AsyncIterable<string>, reason: string): Promise<void> {
    for await (const user of users) await logOutEverywhere(user, reason);
  }
  // #endregion everyone

  // #region signing-keys
  /** When the private keys may be known: every token signed until now is refused, and new ones are signed by a new key. */
  async function replaceSigningKeys(): Promise<void> {
    for (const { kid } of await signingKeys.list()) await signingKeys.remove(kid);
  }
  // #endregion signing-keys

  return { keyLeaked, logOutEverywhere, logEveryoneOut, replaceSigningKeys };
}
