import type { Secret } from '@portcullis/core';

/** A token for a provider's API, without what renews it. */
export interface AccessToken {
  readonly token: Secret;
  /** `dpop`: useless without a proof, so let the fetch that comes with it send it. */
  readonly type: 'bearer' | 'dpop';
  /** Absolute milliseconds; `undefined` when nobody says. */
  readonly expiresAt?: number | undefined;
  readonly scopes: readonly string[];
}

/** A call that somebody waits for. */
export interface TokenCall {
  /** Stops this caller's waiting with `provider_unavailable`; work that others wait for too goes on. */
  readonly signal?: AbortSignal | undefined;
}
