import {
  type AuthenticationResult,
  type Authenticator,
  type CollectionDefinition,
  deny,
  type Principal,
  readAuthorization,
  sha256,
  type Storage,
  type StoredRecord,
} from '@portcullis/core';
import type { IssuedTokens, TokenIssuer } from '@portcullis/jwt';
import jwt from 'jsonwebtoken';
import { legacyIssuer } from './named.js';

interface User extends Principal {
  readonly kind: 'user';
}
interface OldToken {
  readonly user: string;
  /** Absolute milliseconds, both. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}
interface Parts {
  readonly tokens: TokenIssuer;
  readonly storage: Storage;
  readonly secret: string;
  readonly until: number;
  readonly clock?: () => number;
}

/** For migrations. */
export const exchangedCollection: CollectionDefinition<StoredRecord> = { name: 'exchanged_tokens' };

/** Tokens of `jwt.sign({ userId }, secret, { expiresIn })`, which name neither issuer nor audience. */
export function createOldTokens({ tokens, storage, secret, until, clock = Date.now }: Parts) {
  const exchanged = storage.collection(exchangedCollection);

  function read(token: string): OldToken | undefined {
    if (clock() >= until) return undefined;
    try {
      // Without `algorithms` the token would choose. Whole seconds, as jsonwebtoken counts.
      const options = { algorithms: ['HS256' as const], clockTimestamp: Math.floor(clock() / 1000) };
      const claims = jwt.verify(token, secret, options) as Record<string, unknown>;
      const { userId, iat, exp, iss } = claims;
      // A token without an end is not taken, and one with an issuer is the verifier's.
      if (typeof userId !== 'number' || typeof exp !== 'number' || iss !== undefined) return undefined;
      return { user: String(userId), issuedAt: Number(iat ?? 0) * 1000, expiresAt: exp * 1000 };
    } catch {
      return undefined;
    }
  }

  async function check(token: string): Promise<OldToken | undefined> {
    const old = read(token);
    if (old === undefined) return undefined;
    const { user, issuedAt, expiresAt } = old;
    const facts = { iss: legacyIssuer, jti: undefined, sub: user, sid: undefined, clientId: undefined };
    return (await tokens.revocations.isRevoked({ ...facts, issuedAt, expiresAt })) ? undefined : old;
  }

  return {
    /** Takes old tokens beside those of `current`. One authenticator for both, since both come as Bearer. */
    beside<P extends User>(current: Authenticator<P>): Authenticator<P | User> {
      const invalid = deny('invalid_token', { challenge: { error: 'invalid_token' } });
      return {
        ...current,
        async authenticate(request): Promise<AuthenticationResult<P | User>> {
          const token = readAuthorization(request, 'Bearer');
          if (typeof token !== 'string' || read(token) === undefined) return current.authenticate(request);
          const old = await check(token);
          if (old === undefined) return { outcome: 'rejected', denial: invalid };
          const { user, issuedAt, expiresAt } = old;
          const credential = { scheme: 'jwt', id: `sha256:${sha256(token).slice(0, 22)}`, issuedAt, expiresAt };
          return { outcome: 'authenticated', principal: { kind: 'user', id: user }, credential };
        },
      };
    },

    /** A login for an old token, once: the app then refreshes, and nobody is signed out on the day. */
    async exchange(token: string): Promise<IssuedTokens | undefined> {
      const old = await check(token);
      if (old === undefined) return undefined;
      const { user, issuedAt, expiresAt } = old;
      // Without the signature, of which some algorithms have many for one token.
      const id = sha256(token.slice(0, token.lastIndexOf('.')));
      const first = await exchanged.create({ id, createdAt: clock(), expiresAt });
      if (first === undefined) return undefined;
      return tokens.issue({ subject: user, clientId: 'app', scope: ['app'], authenticatedAt: issuedAt });
    },
  };
}
