import { type ErrorTable, PortcullisError } from '@portcullis/core';

/** Codes of `SessionError`. */
export type SessionErrorCode =
  | 'session_missing'
  | 'session_cross_site'
  | 'session_user_revoked'
  | 'session_user_inactive'
  | 'session_limit'
  | 'session_data_invalid';

/** Every code of this package, with what an adapter answers. */
export const sessionErrors: ErrorTable<SessionErrorCode> = {
  session_missing: { status: 401, retryable: false, summary: 'There is no live session. Sign in first.' },
  session_cross_site: {
    status: 403,
    retryable: false,
    summary: 'A sign-in or sign-out came from another site, or could not prove that it did not.',
  },
  session_user_revoked: {
    status: 403,
    retryable: true,
    summary: "All of the user's sessions were ended while this sign-in was under way. Sign in again.",
  },
  session_user_inactive: { status: 403, retryable: false, summary: 'The user may not sign in.' },
  session_limit: {
    status: 403,
    retryable: false,
    summary: 'The user has as many sessions as allowed. End one of them first.',
  },
  session_data_invalid: {
    status: 500,
    retryable: false,
    summary: 'Session data does not fit the schema, or is no JSON.',
  },
};

/** An error of this package. Holds no secret and no session data. */
export class SessionError extends PortcullisError<SessionErrorCode> {
  constructor(
    code: SessionErrorCode,
    message: string = sessionErrors[code].summary,
    options?: { readonly cause?: unknown },
  ) {
    super(code, sessionErrors[code], message, options);
  }
}
