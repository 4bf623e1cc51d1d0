/** Why a refresh token was refused. */
export type RefreshRefusal =
  /** Not the text of a refresh token. */
  | 'malformed'
  /** No such login: never there, expired, logged out or killed. */
  | 'unknown'
  /** Its MAC is not ours: junk, or a key that left the ring. Kills nothing. */
  | 'forged'
  /** Issued to another client. */
  | 'wrong_client'
  /** A genuine token that was used before, outside the grace. The login is over. */
  | 'reused'
  /** Genuine, and ahead of the row: the database lost an acknowledged write. Kills nothing. */
  | 'ahead'
  /** The user's logins were all revoked while this one was being refreshed. */
  | 'revoked'
  /** More scope than was granted at the login. */
  | 'scope';

/** What events say of a login. */
export interface FamilyFacts {
  /** Public id of the login. */
  readonly family: string;
  readonly subject: string;
  readonly clientId: string;
  readonly tenant: string | undefined;
}

/** What the issuing half reports. Nothing in it lets anyone in: a family's id is not a token. */
export interface TokenEvents {
  'tokens.issued': FamilyFacts;
  /** `repeated`: within the grace, the successor that was already given was given again. */
  'tokens.refreshed': FamilyFacts & { readonly generation: number; readonly repeated: boolean };
  'tokens.refused': {
    readonly reason: RefreshRefusal;
    /** As the token claims, for `malformed`, `unknown` and `forged`: then nothing is proven. */
    readonly family: string | undefined;
    readonly clientId: string;
  };
  /** A thief, or a client that kept an old token: the login and its access tokens are dead. */
  'tokens.reuse_detected': FamilyFacts & { readonly generation: number; readonly currentGeneration: number };
  'tokens.revoked': FamilyFacts & { readonly reason: 'logout' | 'reuse' | 'revoked_by_user' };
  'tokens.user_revoked': {
    readonly subject: string;
    /** Logins deleted. */
    readonly count: number;
    readonly except: string | undefined;
  };
  'signing_key.added': { readonly kid: string; readonly algorithm: string; readonly signsFrom: number };
  'signing_key.removed': { readonly kid: string };
}
