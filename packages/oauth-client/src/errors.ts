import { type ErrorTable, PortcullisError } from '@portcullis/core';

/** Codes of `OAuthError`. */
export type OAuthErrorCode =
  | 'invalid_option'
  | 'provider_unavailable'
  | 'provider_misbehaved'
  | 'provider_refused'
  | 'sign_in_denied'
  | 'sign_in_unknown'
  | 'sign_in_cross_site'
  | 'identity_taken'
  | 'identity_last'
  | 'reauthentication_required'
  | 'grant_unreadable'
  | 'device_code_expired'
  | 'origin_refused';

/** Every code of this package, with what an adapter answers. */
export const oauthErrors: ErrorTable<OAuthErrorCode> = {
  invalid_option: {
    status: 500,
    retryable: false,
    summary: 'An option is missing or out of range. The message names it and the mend.',
  },
  provider_unavailable: {
    status: 503,
    retryable: true,
    summary: 'The provider did not answer, answered too slowly or too much, or said that it cannot now. Try again.',
  },
  provider_misbehaved: {
    status: 502,
    retryable: false,
    summary:
      'The provider answered against the protocol: a wrong issuer, signature, nonce or form. Nothing of the answer was used.',
  },
  provider_refused: {
    status: 502,
    retryable: false,
    summary: "The provider refused this application's request. Its error code is in `providerError`.",
  },
  sign_in_denied: {
    status: 403,
    retryable: false,
    summary: 'The user, or the provider for them, declined the sign-in.',
  },
  sign_in_unknown: {
    status: 400,
    retryable: true,
    summary: 'This sign-in was not begun here, has been finished already, or took longer than it may. Begin again.',
  },
  sign_in_cross_site: {
    status: 403,
    retryable: false,
    summary: 'The sign-in was begun in another browser, or the request came from another site.',
  },
  identity_taken: {
    status: 409,
    retryable: false,
    summary: 'This identity belongs to another user of the application.',
  },
  identity_last: {
    status: 409,
    retryable: false,
    summary: 'This is the last way in that the user has: add another before it is removed.',
  },
  reauthentication_required: {
    status: 401,
    retryable: false,
    summary: 'The provider no longer honours what the user granted. The user has to sign in there again.',
  },
  grant_unreadable: {
    status: 500,
    retryable: false,
    summary:
      'Stored provider tokens were sealed with a key that is not in `encryptionKeys`, or were changed in the storage. Put the key back, or let the user sign in again.',
  },
  device_code_expired: {
    status: 400,
    retryable: false,
    summary: 'The user did not enter the code of the device in time. Begin again with a new code.',
  },
  origin_refused: {
    status: 500,
    retryable: false,
    summary: 'A request with a token was about to go to an origin that is not in `origins`. Nothing was sent.',
  },
};

/** An error of this package. It holds no token, code, secret or claim. */
export class OAuthError extends PortcullisError<OAuthErrorCode> {
  /** The provider's own error code, such as `access_denied`, where it gave a well-formed one. */
  readonly providerError: string | undefined;

  constructor(
    code: OAuthErrorCode,
    message: string = oauthErrors[code].summary,
    options?: { readonly cause?: unknown; readonly providerError?: string | undefined },
  ) {
    super(code, oauthErrors[code], message, options);
    this.providerError = options?.providerError;
  }
}

/** Misconfiguration, thrown at creation: names the option and the mend. */
export function invalidOption(option: string, mend: string): OAuthError {
  return new OAuthError('invalid_option', `${option}: ${mend}`);
}
