import { type ErrorTable, PortcullisError } from '@portcullis/core';

/** Codes of what managing keys can throw. A bad key at verification is a result, never an error. */
export type ApiKeyErrorCode =
  | 'invalid_key_input'
  | 'key_not_found'
  | 'key_revoked'
  | 'key_imported'
  | 'key_exists'
  | 'rotation_conflict'
  | 'owner_revoked';

/** Every code of this package, with what an adapter answers. */
export const apiKeyErrors: ErrorTable<ApiKeyErrorCode> = {
  invalid_key_input: {
    status: 400,
    retryable: false,
    summary: 'A property of the key is missing or out of range. The message names it and the mend.',
  },
  key_not_found: { status: 404, retryable: false, summary: 'There is no such key, or none of this owner.' },
  key_revoked: { status: 409, retryable: false, summary: 'The key is revoked, which is final. Create another.' },
  key_imported: {
    status: 409,
    retryable: false,
    summary: 'An imported key cannot be rotated: its id is its hash. Create a key, then revoke this one.',
  },
  key_exists: { status: 409, retryable: false, summary: 'A key with this hash was imported before.' },
  rotation_conflict: {
    status: 409,
    retryable: true,
    summary: 'Another rotation came first; its new key is the valid one.',
  },
  owner_revoked: {
    status: 409,
    retryable: true,
    summary: 'All keys of the owner were revoked meanwhile, so this one was undone. Check the owner, then try again.',
  },
};

/** An error of this package. */
export class ApiKeyError extends PortcullisError<ApiKeyErrorCode> {
  constructor(code: ApiKeyErrorCode, message: string = apiKeyErrors[code].summary) {
    super(code, apiKeyErrors[code], message);
  }
}

/** What a caller gave for one property of a key is wrong: names it and the mend, never the value. */
export function invalidInput(property: string, mend: string): ApiKeyError {
  return new ApiKeyError('invalid_key_input', `${property}: ${mend}`);
}
