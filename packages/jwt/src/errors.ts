import { type ErrorTable, PortcullisError } from '@portcullis/core';

/** Codes of what this package throws: misuse, infrastructure and broken peers. A bad token is a value, not an error. */
export type JwtErrorCode = 'invalid_option' | 'invalid_key' | 'keys_unavailable' | 'signing_failed' | 'login_revoked';

/** Every code of this package, with what an adapter answers. */
export const jwtErrors: ErrorTable<JwtErrorCode> = {
  invalid_option: {
    status: 500,
    retryable: false,
    summary: 'An option is missing or out of range. The message names it and the mend.',
  },
  invalid_key: {
    status: 500,
    retryable: false,
    summary: 'A key does not fit its algorithm or is too weak. The message says which rule it breaks.',
  },
  keys_unavailable: {
    status: 503,
    retryable: true,
    summary: "The issuer's keys could not be fetched and none that fits is cached. Try again.",
  },
  signing_failed: {
    status: 503,
    retryable: true,
    summary: 'The external signer gave no signature that fits its algorithm. The message says what is wrong.',
  },
  login_revoked: {
    status: 409,
    retryable: false,
    summary: "All of the user's logins were revoked while this one was being made. Sign in again.",
  },
};

/** An error of this package. Its message never holds a key, a token or a claim. */
export class JwtError extends PortcullisError<JwtErrorCode> {
  constructor(code: JwtErrorCode, message: string = jwtErrors[code].summary, options?: { readonly cause?: unknown }) {
    super(code, jwtErrors[code], message, options);
  }
}

/** Misconfiguration, thrown at creation: names the option and the mend. */
export function invalidOption(option: string, mend: string): JwtError {
  return new JwtError('invalid_option', `${option}: ${mend}`);
}

/** A key that must not be used: names the option that gave it and the mend. */
export function invalidKey(option: string, mend: string, cause?: unknown): JwtError {
  return new JwtError('invalid_key', `${option}: ${mend}`, cause === undefined ? undefined : { cause });
}
