import { type CollectionDefinition, sha256, type StoredRecord } from '@portcullis/core';

/** A renewal that one process has begun, written before the provider is asked. */
export interface RenewalAttempt {
  readonly fence: number;
  /** Names the call that began it. Not a secret. */
  readonly holder: string;
  /** Absolute milliseconds; from then on another may begin one. */
  readonly heldUntil: number;
}

/** What one user granted at one provider, as it is stored. */
export interface GrantRecord extends StoredRecord {
  readonly user: string;
  readonly provider: string;
  /** Where the tokens were issued, and to which client: they are shown to nobody else. */
  readonly issuer: string;
  readonly clientId: string;
  readonly state: 'active' | 'ended';
  readonly scopes: readonly string[];
  readonly tokenType: 'bearer' | 'dpop';
  /** When the tokens came, absolute milliseconds. */
  readonly obtainedAt: number;
  /** When the access token ends, absolute milliseconds. */
  readonly accessExpiresAt?: number | undefined;
  /** Whether there is a refresh token. */
  readonly renewable: boolean;
  /** The tokens, under a key of the sealer's ring, bound to user, provider, issuer and client. Empty once they are worth nothing. */
  readonly sealed: string;
  /** Of the last attempt. Grows. */
  readonly fence: number;
  /** Of the attempt that brought the tokens: tokens of a smaller one are not written over them. */
  readonly tokensFence: number;
  readonly attempt?: RenewalAttempt | undefined;
  /** Whether the refresh token may have been used up by an attempt whose answer nobody saw. */
  readonly uncertain: boolean;
  /** Until when an early renewal is not tried again, absolute milliseconds. */
  readonly quietUntil?: number | undefined;
}

/** Where grants live. Pass it to the storage's migrations. */
export const grantCollection: CollectionDefinition<GrantRecord> = /* @__PURE__ */ Object.freeze({
  name: 'oauth_grants',
  indexes: ['user'] as const,
});

/** The id of a user's grant at a provider. */
export function grantId(user: string, provider: string): string {
  return sha256(JSON.stringify([user, provider]));
}
