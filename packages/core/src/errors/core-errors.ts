import { type ErrorTable, PortcullisError } from './portcullis-error.js';

/** Codes of denials: they reach the client in the problem body's `code`. */
export type DenialCode =
  | 'credential_missing'
  | 'invalid_token'
  | 'invalid_request'
  | 'scheme_not_accepted'
  | 'insufficient_user_authentication'
  | 'insufficient_scope'
  | 'permission_denied'
  | 'csrf_rejected'
  | 'route_closed'
  | 'not_found'
  | 'rate_limited'
  | 'unavailable';

/** Codes of misuse and infrastructure errors that core throws. */
export type CoreErrorCode =
  | DenialCode
  | 'invalid_option'
  | 'guard_missing'
  | 'response_sent'
  | 'routes_open'
  | 'invalid_record'
  | 'invalid_cursor'
  | 'storage_unavailable'
  | 'storage_full'
  | 'storage_conflict'
  | 'lease_lost';

/** The HTTP status of each code: all that runs. */
const statuses: Readonly<Record<CoreErrorCode, number>> = {
  credential_missing: 401,
  invalid_token: 401,
  invalid_request: 400,
  scheme_not_accepted: 401,
  insufficient_user_authentication: 401,
  insufficient_scope: 403,
  permission_denied: 403,
  csrf_rejected: 403,
  route_closed: 403,
  not_found: 404,
  rate_limited: 429,
  unavailable: 503,
  invalid_option: 500,
  guard_missing: 500,
  response_sent: 500,
  routes_open: 500,
  invalid_record: 500,
  invalid_cursor: 400,
  storage_unavailable: 503,
  storage_full: 503,
  storage_conflict: 503,
  lease_lost: 503,
};

/** The HTTP status that goes with a code of core. */
export function statusOf(code: CoreErrorCode): number {
  return statuses[code];
}

// Too many requests, or no answer: what HTTP asks to be sent again.
function isRetryable(status: number): boolean {
  return status === 429 || status === 503;
}

function describe(summaries: Readonly<Record<CoreErrorCode, string>>): ErrorTable<CoreErrorCode> {
  const rows = Object.entries(summaries).map(([code, summary]) => {
    const status = statuses[code as CoreErrorCode];
    return [code, { status, retryable: isRetryable(status), summary }];
  });
  return Object.fromEntries(rows) as ErrorTable<CoreErrorCode>;
}

/** Every code of core, with what an adapter answers. Nothing at run time reads it, so bundlers leave its prose out. */
export const coreErrors: ErrorTable<CoreErrorCode> = /* @__PURE__ */ describe({
  credential_missing: 'No credential was sent. Send one of those that WWW-Authenticate names.',
  invalid_token: 'The credential is unknown, revoked, expired or of a kind nobody here reads. Get a new one.',
  invalid_request: 'The credential is malformed, or more than one was sent. Send exactly one, in one place.',
  scheme_not_accepted:
    'The credential is of a kind that this route does not take. Use one that WWW-Authenticate names.',
  insufficient_user_authentication:
    'The sign-in is too old or too weak for this action. Sign in again as WWW-Authenticate asks.',
  insufficient_scope: 'The credential has no scope for this action. Ask for one with the scope named.',
  permission_denied: 'The principal may not do this.',
  csrf_rejected: 'The request came from another site, or could not prove that it did not.',
  route_closed: 'The route states no requirement. Give it one, or mark it open.',
  not_found: 'There is no such resource, or none for this principal.',
  rate_limited: 'The quota is used up. Wait as long as Retry-After says.',
  unavailable: 'The credential could not be checked: a storage or key server did not answer. Try again.',
  invalid_option: 'An option is missing or out of range. The message names it and the mend.',
  guard_missing: 'auth was read on a route where no guard ran. Put the guard before the handler.',
  response_sent: 'A header was set after the response head was sent. Set it before writing.',
  routes_open:
    'Routes state no requirement, or answer where the audit cannot look. Give each one, or acknowledge it by name.',
  invalid_record: 'A record, id or index value breaks the storage contract. The message says which.',
  invalid_cursor: 'The cursor is not one that a listing gave. Start again without it.',
  storage_unavailable: 'The storage did not answer. The outcome of a write is unknown.',
  storage_full: 'The memory storage holds as many live records as it may. Raise maxRecords or use a database.',
  storage_conflict: 'A compare-and-set lost too many times in a row. Try again.',
  lease_lost: 'Another process holds the lease, or it ran out before the work was done.',
});

/** An error of core. Its message is the code where none is given. */
export class CoreError extends PortcullisError<CoreErrorCode> {
  constructor(code: CoreErrorCode, message: string = code, options?: { readonly cause?: unknown }) {
    const status = statuses[code];
    super(code, { status, retryable: isRetryable(status) }, message, options);
  }
}

/** The storage did not answer: never "not found". On a write the outcome is unknown. */
export class StorageUnavailableError extends CoreError {
  constructor(message: string = 'The storage did not answer.', options?: { readonly cause?: unknown }) {
    super('storage_unavailable', message, options);
  }
}

/** Misconfiguration, thrown at creation: names the option and the mend. */
export function invalidOption(option: string, mend: string): CoreError {
  return new CoreError('invalid_option', `${option}: ${mend}`);
}
