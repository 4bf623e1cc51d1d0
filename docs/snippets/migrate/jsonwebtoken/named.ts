import { createJwtVerifier, type RevocationCheck, type TokenIssuer } from '@portcullis/jwt';
import jwt from 'jsonwebtoken';

export const legacyIssuer = 'https://legacy.example.com';

// #region sign
/** The old application's one call, with the three claims that say whose and for whom a token is. */
export function sign(user: { id: number; role: string }, secret: string, audience: string): string {
  const named = { issuer: legacyIssuer, audience, subject: String(user.id), algorithm: 'HS256' } as const;
  return jwt.sign({ userId: user.id, role: user.role }, secret, { expiresIn: '1h', ...named });
}
// #endregion sign

// #region verifier
interface Parts {
  readonly tokens: TokenIssuer;
  readonly url: string;
  readonly secret: string;
  readonly until: number;
  readonly clock?: () => number;
}

/** Old and new tokens in one verifier, the old ones until a day. */
export function createVerifier({ tokens, url, secret, until, clock = Date.now }: Parts) {
  const { revocations } = tokens;
  const ending: RevocationCheck = {
    isRevoked: (token) => (token.iss === legacyIssuer && clock() >= until) || revocations.isRevoked(token),
    onRevoked: (listener, lost) => revocations.onRevoked(listener, lost),
  };
  return createJwtVerifier({
    issuers: [
      { issuer: url, audience: url, algorithms: ['EdDSA'], keys: tokens.keys },
      {
        issuer: legacyIssuer,
        audience: url,
        algorithms: ['HS256'],
        key: secret,
        allowUntypedTokens: true, // jsonwebtoken writes typ: JWT
        scopesWhenAbsent: 'unlimited', // they may what their user may
      },
    ],
    // Both issuers are us, so a subject of one is the same user as that of the other. Never say so of somebody else's issuer.
    principal: ({ rawClaims }) => ({ kind: 'user' as const, id: String(rawClaims['sub']) }),
    revocations: ending,
    clock,
  });
}
// #endregion verifier

// #region log-out
/** Ends a user's logins, and their old tokens with them. */
export async function logOutEverywhere({ tokens }: Pick<Parts, 'tokens'>, user: string): Promise<void> {
  await tokens.revokeAll(user);
  await tokens.revocations.revokeUser(user, { iss: legacyIssuer });
}
// #endregion log-out
