import type { DenialCode } from '../errors/core-errors.js';
import type { Authenticator } from './authenticator.js';
import { malformedCredential, readAuthorization } from './credentials-header.js';
import { type Denial, deny } from './denial.js';
import type { AuthRequest } from './request.js';

/** Which authenticators may answer for a request, or why none may. */
export type Selection =
  | { readonly kind: 'explicit'; readonly authenticator: Authenticator }
  | { readonly kind: 'ambient'; readonly authenticators: readonly Authenticator[] }
  | { readonly kind: 'refused'; readonly denial: Denial; readonly scheme: string | undefined };

const none: Selection = { kind: 'ambient', authenticators: [] };

/** With the error of RFC 6750 section 3.1 that tells a request to mend from a credential to replace. */
function refused(code: DenialCode, detail: string, scheme?: string): Selection {
  const error = code === 'invalid_request' ? code : 'invalid_token';
  return { kind: 'refused', denial: deny(code, { detail, challenge: { error } }), scheme };
}

// Schemes whose credential is one token68: a comma in it means that a runtime has joined two fields.
const token68Scheme = /^(?:bearer|dpop|basic) /i;

/** Whether Authorization has no credential at all, or breaks the grammar of a scheme that carries one token68. */
function isMalformed(request: AuthRequest, value: string): boolean {
  return (
    !/^\w/.test(value) ||
    ['Bearer', 'DPoP', 'Basic'].some((scheme) => readAuthorization(request, scheme) === malformedCredential)
  );
}

/** A pattern that finds credentials in a query (ASVS 14.2.1). */
export function queryCredentialPattern(names: readonly string[]): RegExp | undefined {
  if (names.length === 0) return undefined;
  const escaped = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`[?&](?:${escaped.join('|')})(?:[=&#]|$)`, 'i');
}

/**
 * Finds the one authenticator for the credential that was sent. Explicit beats ambient; two explicit ones,
 * two Authorization fields or a credential in the query are malformed (RFC 6750 section 2), and so is a Bearer
 * without a token; a well-formed one that nobody reads is refused, never taken for anonymous.
 */
export function selectAuthenticator(
  request: AuthRequest,
  authenticators: readonly Authenticator[],
  schemes: readonly string[] | undefined,
  inQuery: RegExp | undefined,
): Selection {
  if (inQuery !== undefined && request.url.includes('?') && inQuery.test(request.url)) {
    return refused('invalid_request', 'A credential was sent in the URL. Send it in a header.');
  }
  const authorization = request.headerValues('authorization');
  const value = authorization[0];
  if (authorization.length > 1 || (value?.includes(',') && token68Scheme.test(value))) {
    return refused('invalid_request', 'More than one Authorization header was sent.');
  }

  let claimed: Authenticator | undefined;
  let ambient: Authenticator[] | undefined;
  for (const authenticator of authenticators) {
    if (!authenticator.claims(request)) continue;
    if (authenticator.transport === 'ambient') {
      if (schemes === undefined || schemes.includes(authenticator.scheme)) (ambient ??= []).push(authenticator);
    } else if (claimed !== undefined) {
      return refused('invalid_request', 'More than one credential was sent. Send exactly one.');
    } else {
      claimed = authenticator;
    }
  }
  if (claimed !== undefined) {
    if (schemes === undefined || schemes.includes(claimed.scheme)) return { kind: 'explicit', authenticator: claimed };
    const { scheme } = claimed;
    return refused('scheme_not_accepted', `This route does not take a credential of the kind "${scheme}".`, scheme);
  }
  if (value !== undefined && isMalformed(request, value)) {
    return refused('invalid_request', 'The Authorization header is malformed.');
  }
  if (value !== undefined || request.header('x-api-key') !== undefined) {
    return refused('invalid_token', 'The credential is of a kind that nobody here reads.');
  }
  return ambient === undefined ? none : { kind: 'ambient', authenticators: ambient };
}
