import type { Secret } from '@portcullis/core';
import type { RefreshRefusal } from './token-events.js';

/** What an app is sent. @see RFC 6749 section 5.1 */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  /** Seconds. */
  readonly expires_in: number;
  readonly refresh_token?: string;
  /** Scope names, joined by spaces. */
  readonly scope: string;
}

/** An access token, and where there is a login its refresh token. */
export interface IssuedTokens {
  readonly accessToken: Secret;
  /** `undefined` for client credentials, which get a new access token with what they have. */
  readonly refreshToken: Secret | undefined;
  /** Seconds. */
  readonly expiresIn: number;
  readonly scope: readonly string[];
  /** The access token's `jti`; safe to log. */
  readonly id: string;
  /** The login: `sid` of the access token, and its id in the user's list. */
  readonly family: string | undefined;
  /** The plain response. Send it with `Cache-Control: no-store`, once, to whom it belongs. */
  reveal(): TokenResponse;
}

/** A refresh that was granted. */
export interface Refreshed {
  readonly ok: true;
  readonly tokens: IssuedTokens;
  /** The successor had been given already, and was given again: a concurrent or repeated call. */
  readonly repeated: boolean;
}

/** A refresh that was refused: a value, with the code that RFC 6749 gives it. */
export interface RefreshRefused {
  readonly ok: false;
  readonly error: 'invalid_grant' | 'invalid_scope';
  /** For logs; never send it: it tells a thief what was noticed. */
  readonly reason: RefreshRefusal;
}

export type RefreshResult = Refreshed | RefreshRefused;
