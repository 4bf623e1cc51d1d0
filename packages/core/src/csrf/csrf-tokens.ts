import { type BoundTokensOptions, createBoundTokens } from '../runtime/bound-tokens.js';

/** What `createCsrfTokens` takes. */
export interface CsrfTokensOptions extends BoundTokensOptions {}

/** Issues and checks CSRF tokens. Nothing is stored. */
export interface CsrfTokens {
  /** A token for one session; each call gives another, so that compression leaks nothing of it. */
  issue(sessionId: string): string;
  /** Whether the token was issued for this very session. Never throws. */
  verify(sessionId: string, token: string | undefined): boolean;
}

/**
 * Makes CSRF tokens `random.mac`, where the MAC is HMAC-SHA256 over the length-prefixed session id and the random part.
 * A token lives and dies with the session id: rotate the id at login and the old tokens are dead. Read the token from a header or the body,
 * never from the URL or a cookie. An expired session's id still verifies: look the session up first.
 * @throws {CoreError} `invalid_option` at creation for a key below 32 bytes, and from `issue` for an empty session id.
 * @see OWASP CSRF Prevention Cheat Sheet, "Signed Double-Submit Cookie"
 */
export function createCsrfTokens(options: CsrfTokensOptions): CsrfTokens {
  return createBoundTokens('csrf', options);
}
