import { andThen, type Clock, type MaybePromise } from '@portcullis/core';
import { JwtError } from '../errors.js';
import type { SigningKeys } from '../sign/signing-keys.js';
import { type CheckedClaims, checkClaims } from '../verify/check-claims.js';
import type { JsonObject } from '../verify/strict-json.js';
import { createStrictReader } from '../verify/strict-reader.js';

/** An access token of ours whose signature, type, issuer and time were found good. Revocation was not looked at. */
export interface OwnToken extends CheckedClaims {
  readonly claims: JsonObject;
}

/** What of our own tokens has to be known to recognise them. */
export interface OwnTokenOptions {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly keys: SigningKeys;
  readonly clock: Clock;
}

/**
 * Reads the issuer's own access tokens, for its revocation and introspection endpoints: `undefined` for everything else,
 * whatever is wrong with it. A throw or a rejection means that the keys could not be read.
 */
export function createOwnTokenReader({
  issuer,
  audience,
  keys,
  clock,
}: OwnTokenOptions): (token: string) => MaybePromise<OwnToken | undefined> {
  const reader = createStrictReader({ maxLength: 16_384 });
  const rules = {
    audiences: new Set(audience),
    requiredClaims: ['jti', 'client_id'],
    scopeClaims: ['scope'],
    tenantClaim: undefined,
    allowUntyped: false,
    allowSenderConstrained: false,
    tolerance: { expiry: 0, future: 5_000 },
  };
  return (token) => {
    const read = reader.read(token);
    if (typeof read === 'string') return undefined;
    const { header, claims, input, signature } = read;
    if (header.typ !== 'at+jwt' || claims['iss'] !== issuer) return undefined;
    return andThen(keys.find(header), (found) => {
      if (found.outcome === 'unavailable') throw new JwtError('keys_unavailable', undefined, { cause: found.cause });
      if (found.outcome === 'unknown') return undefined;
      return andThen(found.check(input, signature), (good) => {
        const checked = good ? checkClaims(issuer, claims, rules, clock()) : 'signature';
        return typeof checked === 'string' ? undefined : { ...checked, claims };
      });
    });
  };
}
