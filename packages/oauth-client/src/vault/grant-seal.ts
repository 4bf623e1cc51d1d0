import type { Sealer } from '@portcullis/core';
import { OAuthError } from '../errors.js';
import type { GrantRecord } from './grant-record.js';

/** What is sealed. */
export interface GrantSecrets {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  /** What each renewal says beside it. */
  readonly renewalParameters?: Readonly<Record<string, string>> | undefined;
  /** The private JWK that the tokens are bound to. */
  readonly dpopKey?: string | undefined;
  /** Of the ID token that came at sign-in: a later one must name the same. */
  readonly identity?: { readonly iss?: unknown; readonly sub: string; readonly aud?: unknown } | undefined;
}

type Owner = Pick<GrantRecord, 'user' | 'provider' | 'issuer' | 'clientId'>;

/** Seals and opens the tokens of grants. */
export interface GrantSeal {
  seal(secrets: GrantSecrets, owner: Owner): Promise<string>;
  /** @throws {OAuthError} `grant_unreadable` */
  open(record: GrantRecord): Promise<GrantSecrets>;
  isOutdated(sealed: string): boolean;
}

// Sealed tokens cannot be moved to another user, provider or client.
const contextOf = ({ user, provider, issuer, clientId }: Owner): string =>
  JSON.stringify(['portcullis oauth grant v1', user, provider, issuer, clientId]);

/** Makes the seal of a vault. */
export function createGrantSeal(sealer: Sealer): GrantSeal {
  return {
    seal: (secrets, owner) => sealer.seal(JSON.stringify(secrets), contextOf(owner)),
    async open(record) {
      const text = await sealer.open(record.sealed, contextOf(record));
      if (text === undefined) throw new OAuthError('grant_unreadable');
      return JSON.parse(text) as GrantSecrets;
    },
    isOutdated: (sealed) => sealed !== '' && sealer.isOutdated(sealed),
  };
}
