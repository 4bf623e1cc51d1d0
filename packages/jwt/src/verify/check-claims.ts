import type { AuthorizationDetail } from '@portcullis/core';
import { readAuthorizationDetails, readScopes } from './read-scopes.js';
import type { TokenFacts } from './revocation-check.js';
import type { JsonObject } from './strict-json.js';
import type { TokenFault } from './token-fault.js';
import { showsOtherUse } from './token-type.js';

/** What the claims of an issuer's tokens must be like. */
export interface ClaimRules {
  readonly audiences: ReadonlySet<string>;
  readonly requiredClaims: readonly string[];
  readonly scopeClaims: readonly string[];
  readonly tenantClaim: string | undefined;
  /** A token that has no type must not show another use. */
  readonly allowUntyped: boolean;
  readonly allowSenderConstrained: boolean;
  /** Milliseconds. */
  readonly tolerance: { readonly expiry: number; readonly future: number };
}

/** Claims whose form and time were found good, in the forms that the rest of the way needs. */
export interface CheckedClaims {
  readonly facts: TokenFacts & { readonly sub: string };
  readonly scopes: readonly string[] | undefined;
  readonly authorizationDetails: readonly AuthorizationDetail[] | undefined;
  readonly tenant: string | undefined;
  readonly authenticatedAt: number | undefined;
  readonly acr: string | undefined;
  readonly amr: readonly string[] | undefined;
}

// The last instant a Date can hold, in seconds: beyond it milliseconds are no longer exact, or not even finite.
const lastSecond = 8_640_000_000_000;

/** Absolute milliseconds of a NumericDate; `undefined` when absent, `false` for anything else. */
function readDate(value: unknown): number | undefined | false {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(Math.abs(value) <= lastSecond)) return false;
  return Math.round(value * 1000);
}

function isText(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value !== '');
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function audienceFault(aud: unknown, audiences: ReadonlySet<string>): TokenFault | undefined {
  if (typeof aud === 'string') return audiences.has(aud) ? undefined : 'audience';
  if (aud === undefined) return 'missing_claim';
  if (!isTextList(aud)) return 'claim';
  return aud.some((item) => audiences.has(item)) ? undefined : 'audience';
}

/**
 * Checks the registered claims of a token whose signature is good and whose `iss` is known: the audience, the times, the
 * form of what is used later, the claims that must be there.
 * @see RFC 7519 section 4.1, RFC 9068 section 4
 */
export function checkClaims(
  iss: string,
  claims: JsonObject,
  rules: ClaimRules,
  now: number,
): CheckedClaims | TokenFault {
  const { sub, jti, sid, client_id: client, azp, acr, amr, aud } = claims;
  const { tolerance } = rules;
  const audience = audienceFault(aud, rules.audiences);
  if (audience !== undefined) return audience;

  const exp = readDate(claims.exp);
  const nbf = readDate(claims.nbf);
  const iat = readDate(claims.iat);
  const authTime = readDate(claims.auth_time);
  if (exp === undefined) return 'missing_claim';
  if (exp === false || nbf === false || iat === false || authTime === false) return 'claim';
  if (now >= exp + tolerance.expiry) return 'expired';
  if (nbf !== undefined && nbf > now + tolerance.future) return 'not_yet_valid';
  if (iat !== undefined && iat > now + tolerance.future) return 'issued_in_future';

  if (sub === undefined) return 'missing_claim';
  if (typeof sub !== 'string' || sub === '') return 'claim';
  if (!isText(jti) || !isText(sid) || !isText(client) || !isText(azp) || !isText(acr)) return 'claim';
  if (amr !== undefined && !isTextList(amr)) return 'claim';
  for (const name of rules.requiredClaims)
    if (claims[name] === undefined || claims[name] === null) return 'missing_claim';
  if (rules.allowUntyped && showsOtherUse(claims)) return 'token_type';
  if (claims.cnf !== undefined && !rules.allowSenderConstrained) return 'sender_constrained';

  const scopes = readScopes(claims, rules.scopeClaims);
  const authorizationDetails = readAuthorizationDetails(claims);
  if (scopes === false || authorizationDetails === false) return 'claim';
  let tenant: string | undefined;
  if (rules.tenantClaim !== undefined) {
    const value = claims[rules.tenantClaim];
    if (value === undefined) return 'missing_claim';
    if (typeof value !== 'string' || value === '') return 'claim';
    tenant = value;
  }
  return {
    facts: { iss, jti, sub, sid, clientId: client ?? azp, issuedAt: iat, expiresAt: exp },
    scopes,
    authorizationDetails,
    tenant,
    authenticatedAt: authTime,
    acr,
    amr,
  };
}
