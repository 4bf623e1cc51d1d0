import { type Random, randomToken } from '@portcullis/core';
import { invalidOption } from '../errors.js';

/** What an access token is about. Times are absolute milliseconds. */
export interface AccessGrant {
  readonly subject: string;
  readonly clientId: string;
  readonly scope: readonly string[];
  readonly tenant?: string | undefined;
  /** The login it comes from. */
  readonly family?: string | undefined;
  readonly authenticatedAt?: number | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
  /** Further claims. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** Client credentials: the token is the client's own. */
  readonly own?: boolean | undefined;
}

/** When an access token begins. */
export interface AccessTime {
  readonly at: number;
  /** The subject's not-before, which the token has to be later than. */
  readonly notBefore: number | undefined;
}

/** What every access token of an issuer shares. */
export interface AccessClaimsOptions {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly lifetimeMs: number;
  readonly tenantClaim: string;
  readonly random: Random;
}

/** The claims that the issuer sets and nobody else may. */
const registered: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'client_id',
  'azp',
  'scope',
  'scp',
  'auth_time',
  'acr',
  'amr',
  'sid',
  'gty',
  'idtyp',
  'cnf',
  'act',
  'may_act',
  'typ',
  'token_use',
  'events',
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  '__proto__',
]);

const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;

/**
 * Refuses claims that would override what the issuer says, or that no JSON carries.
 * @throws {JwtError} `invalid_option`
 */
export function checkCustomClaims(claims: Readonly<Record<string, unknown>> | undefined, tenantClaim: string): void {
  if (claims === undefined) return;
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
    throw invalidOption('claims', 'give an object');
  for (const [name, value] of Object.entries(claims)) {
    if (registered.has(name) || name === tenantClaim)
      throw invalidOption('claims', `"${name}" is the issuer's own; leave it out`);
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
      throw invalidOption('claims', `"${name}" is not JSON; leave it out, or give it as a string`);
    }
  }
}

/**
 * Checks scope names.
 * @throws {JwtError} `invalid_option`
 * @see RFC 6749 section 3.3
 */
export function checkScope(option: string, scope: readonly string[]): readonly string[] {
  if (!Array.isArray(scope) || scope.length > 256)
    throw invalidOption(option, 'give an array of at most 256 scope names');
  if (!scope.every((name) => typeof name === 'string' && scopeToken.test(name))) {
    throw invalidOption(
      option,
      'a scope name is 1 to 256 printable ASCII characters without space, quote and backslash',
    );
  }
  return Object.freeze([...new Set<string>(scope)]);
}

/**
 * The claims of an access token. `aud` is always there, so that a key shared by several services never signs a token that
 * all of them would take. `iat` has whole seconds, but for a token of the very second in which its user's tokens were
 * revoked: that one has milliseconds, or it could not be told from the dead ones.
 * @see RFC 9068 section 2.2, RFC 7519 section 4.1
 */
export function accessClaims(
  grant: AccessGrant,
  { at, notBefore = -1 }: AccessTime,
  options: AccessClaimsOptions,
): Readonly<Record<string, unknown>> & { readonly jti: string; readonly exp: number } {
  const { subject, clientId, scope, tenant, family, authenticatedAt, acr, amr, claims, own } = grant;
  const issued = Math.max(at, notBefore + 1);
  const seconds = Math.floor(issued / 1000);
  const { audience } = options;
  return {
    ...claims,
    iss: options.issuer,
    sub: subject,
    aud: audience.length === 1 ? audience[0] : audience,
    exp: seconds + Math.floor(options.lifetimeMs / 1000),
    iat: seconds * 1000 > notBefore ? seconds : issued / 1000,
    jti: randomToken(16, options.random),
    client_id: clientId,
    scope: scope.join(' '),
    ...(family !== undefined && { sid: family }),
    ...(tenant !== undefined && { [options.tenantClaim]: tenant }),
    ...(authenticatedAt !== undefined && { auth_time: Math.floor(authenticatedAt / 1000) }),
    ...(acr !== undefined && { acr }),
    ...(amr !== undefined && { amr }),
    ...(own === true && { gty: 'client-credentials' }),
  };
}
