import { type ErrorTable, PortcullisError } from '@portcullis/core';

/** Codes of `PasswordError`. */
export type PasswordErrorCode =
  | 'password_hash_unreadable'
  | 'password_parameters'
  | 'password_pepper_unknown'
  | 'password_hasher_busy'
  | 'password_breach_check_unavailable';

/** Every code of this package, with what an adapter answers. */
export const passwordErrors: ErrorTable<PasswordErrorCode> = {
  password_hash_unreadable: {
    status: 500,
    retryable: false,
    summary:
      'A stored password hash is in no format that is configured. Name its verifier in `legacy`, or reset the password.',
  },
  password_parameters: {
    status: 500,
    retryable: false,
    summary:
      'A stored hash asks for more work or memory than any real one, or for less than makes sense. It is refused unread.',
  },
  password_pepper_unknown: {
    status: 500,
    retryable: false,
    summary: 'A stored hash was made with a pepper whose key is not configured. Put the key back into `pepper.keys`.',
  },
  password_hasher_busy: {
    status: 503,
    retryable: true,
    summary: 'More passwords are being hashed than `maxQueued` allows. Try again in a moment.',
  },
  password_breach_check_unavailable: {
    status: 503,
    retryable: true,
    summary: 'The breach check did not answer. Try again, or set `onUnavailable` to `accept`.',
  },
};

/** An error of this package. Holds no password and no hash. */
export class PasswordError extends PortcullisError<PasswordErrorCode> {
  constructor(
    code: PasswordErrorCode,
    message: string = passwordErrors[code].summary,
    options?: { readonly cause?: unknown },
  ) {
    super(code, passwordErrors[code], message, options);
  }
}
