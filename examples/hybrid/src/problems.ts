import { type ErrorTable, type Outcome, PortcullisError } from '@portcullis/core';

type ProblemCode =
  | 'malformed_body'
  | 'body_too_large'
  | 'unsupported_body'
  | 'invalid_input'
  | 'scope_exceeded'
  | 'invalid_credentials'
  | 'second_factor_required'
  | 'invalid_grant'
  | 'form_expired'
  | 'user_disabled'
  | 'not_found'
  | 'method_not_allowed';

const problems: ErrorTable<ProblemCode> = {
  malformed_body: { status: 400, retryable: false, summary: 'The body is not JSON in UTF-8.' },
  body_too_large: { status: 413, retryable: false, summary: 'The body is larger than 64 KiB.' },
  unsupported_body: { status: 415, retryable: false, summary: 'Send the body as application/json.' },
  invalid_input: { status: 422, retryable: false, summary: 'A field is missing or wrong.' },
  scope_exceeded: {
    status: 403,
    retryable: false,
    summary: 'scopes: a key cannot make one that may do more than itself.',
  },
  invalid_credentials: { status: 401, retryable: false, summary: 'The address, the password or the code is wrong.' },
  second_factor_required: {
    status: 401,
    retryable: false,
    summary: 'code: this user has a second factor; send a code of the app, or a recovery code.',
  },
  invalid_grant: { status: 400, retryable: false, summary: 'The refresh token is not good. Log in again.' },
  form_expired: {
    status: 403,
    retryable: true,
    summary: 'This form is out of date, because you have signed in or out meanwhile. Load the page again.',
  },
  user_disabled: { status: 403, retryable: false, summary: 'This user was disabled.' },
  not_found: { status: 404, retryable: false, summary: 'There is nothing here.' },
  method_not_allowed: { status: 405, retryable: false, summary: 'Allow names the methods that there are.' },
};

/** What a handler throws: the guard's `errors` answers it with application/problem+json, as it does its own denials. */
export class ApiProblem extends PortcullisError<ProblemCode> {
  constructor(code: ProblemCode, detail: string = problems[code].summary) {
    super(code, problems[code], detail);
  }
}

/** An answer that the guard has worded, as a response. */
export function answerOf({ status, headers, body }: Outcome): Response {
  return new Response(body, { status, headers: headers.map(([name, value]) => [name, value]) });
}
