import type { Secret } from '@portcullis/core';
import type { ProviderJson } from './provider.js';

/** What a token endpoint gave, checked. */
export interface TokenSet {
  readonly accessToken: Secret;
  /** `dpop`: send it with a proof of the same key (RFC 9449). */
  readonly tokenType: 'bearer' | 'dpop';
  /** Absolute milliseconds; `undefined` when neither the answer nor the provider's record says. */
  readonly expiresAt?: number | undefined;
  readonly refreshToken?: Secret | undefined;
  /** What was granted: what was asked for, unless the answer says less. */
  readonly scopes: readonly string[];
  readonly idToken?: Secret | undefined;
  /** The ID token's claims. */
  readonly claims?: ProviderJson | undefined;
  /** What a renewal says beside the refresh token, where the provider wants that: see `renewalRepeats`. */
  readonly renewalParameters?: Readonly<Record<string, string>> | undefined;
  /** What else the answer held, without any token. */
  readonly extra: ProviderJson;
}
