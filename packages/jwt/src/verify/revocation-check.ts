import type { MaybePromise } from '@portcullis/core';

/** What a revocation is decided by. Times are absolute milliseconds. */
export interface TokenFacts {
  readonly iss: string;
  /** Unique only together with `iss`. `undefined`: such a token can be revoked by user or family only. */
  readonly jti: string | undefined;
  readonly sub: string | undefined;
  /** The `sid` claim: the login (refresh family) the token came from. */
  readonly sid: string | undefined;
  readonly clientId: string | undefined;
  /** `undefined` when the token does not say: treat it as older than every not-before. Whole seconds, as `iat` is. */
  readonly issuedAt: number | undefined;
  readonly expiresAt: number;
}

/** What was revoked: one token, everything of a user that was issued up to an instant, or a login. */
export type Revocation =
  | { readonly kind: 'token'; readonly iss: string; readonly jti: string }
  | { readonly kind: 'user'; readonly iss: string; readonly sub: string; readonly notBefore: number }
  | { readonly kind: 'family'; readonly iss: string; readonly sid: string };

/**
 * Whether a token was revoked, asked after the signature and the claims were found good, on every verification, also of a
 * token whose verification is cached. A throw or a rejection counts as an outage: 503, never a pass.
 */
export interface RevocationCheck {
  isRevoked(token: TokenFacts): MaybePromise<boolean>;
  /**
   * Tells of each revocation as this process learns of it: empties caches and fires `auth.signal`. `lost` is called when some may
   * have been missed: `isRevoked` has the answers. Returns the function that stops listening.
   */
  onRevoked?(listener: (revocation: Revocation) => void, lost?: () => void): () => void;
}

/** Whether a revocation concerns a token. */
export function concerns(revocation: Revocation, token: TokenFacts): boolean {
  if (revocation.iss !== token.iss) return false;
  switch (revocation.kind) {
    case 'token':
      return revocation.jti === token.jti;
    case 'family':
      return revocation.sid === token.sid;
    case 'user':
      // iat has whole seconds: a token of the same second may be older than the revocation, so it goes too.
      return revocation.sub === token.sub && (token.issuedAt ?? 0) <= revocation.notBefore;
  }
}
