import { encodeBase64url, utf8 } from '@portcullis/core';
import { type JWTPayload, jwtVerify } from 'jose';
import type * as oauth from 'oauth4webapi';
import type { Connection } from '../connection/connection.js';
import { OAuthError } from '../errors.js';
import { idTokenAlgorithms, idTokenKeys } from './id-token-keys.js';
import { mapFailure } from '../connection/map-failure.js';
import type { ProviderJson } from '../provider.js';

/** What an ID token must agree with. */
export interface IdTokenExpectations {
  /** The nonce of the request; leave it out for a refreshed token. */
  readonly nonce?: string | undefined;
  /** Seconds since the sign-in, when the request limited it. */
  readonly maxAge?: number | undefined;
  /** What `at_hash` is compared with, where the token has one. */
  readonly accessToken?: string | undefined;
  /** What `c_hash` is compared with, where the token has one. */
  readonly code?: string | undefined;
  /** The claims of the token that this one renews: issuer, subject and audience stay. */
  readonly previous?: ProviderJson | undefined;
}

/** Seconds by which the provider's clock may differ. */
export const clockToleranceSeconds = 30;

const wrong = (what: string): OAuthError =>
  new OAuthError('provider_misbehaved', `The provider's ID token is no good: ${what}.`);

// The hash of the signature's algorithm; Ed25519 hashes with SHA-512 itself.
function digestOf(algorithm: string): string {
  if (algorithm.startsWith('Ed')) return 'SHA-512';
  return `SHA-${algorithm.slice(-3)}`;
}

/**
 * The left half of a text's hash, as `at_hash` and `c_hash` hold it.
 * @param algorithm the ID token's, which chooses the hash
 * @see OpenID Connect Core section 3.1.3.6
 */
export async function leftHalfHash(algorithm: string, text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest(digestOf(algorithm), utf8(text).slice()));
  return encodeBase64url(digest.subarray(0, digest.byteLength / 2));
}

/** Issuer, audience and authorized party: who made a token of this provider's, and for whom. */
export function checkParties(connection: Connection, claims: JWTPayload): string | undefined {
  const { provider, client } = connection;
  const expected = provider.expectedIssuer?.(claims) ?? provider.issuer;
  if (claims.iss !== expected) return 'another issuer made it';
  const audience = [claims.aud ?? []].flat();
  if (!audience.includes(client.client_id)) return 'it is for another client';
  const { azp } = claims;
  if (azp === undefined ? audience.length > 1 : azp !== client.client_id)
    return 'another client is its authorized party';
  return undefined;
}

function checkRenewal(claims: JWTPayload, previous: ProviderJson): void {
  for (const name of ['iss', 'sub'] as const)
    if (claims[name] !== previous[name]) throw wrong(`the renewed one has another ${name}`);
  const [renewed, before] = [claims.aud, previous['aud']].map((aud) => new Set([aud].flat()));
  if (renewed?.size !== before?.size || ![...(renewed ?? [])].every((each) => before?.has(each)))
    throw wrong('the renewed one has another aud');
}

function checkAge(claims: JWTPayload, maxAge: number, now: number): void {
  const { auth_time: at } = claims;
  if (typeof at !== 'number') throw wrong('max_age was asked for, and it has no auth_time');
  if (at + maxAge + clockToleranceSeconds < now / 1000) throw wrong('the sign-in is older than max_age');
}

async function checkHash(claim: unknown, algorithm: string, text: string | undefined): Promise<boolean> {
  return claim === undefined || text === undefined || claim === (await leftHalfHash(algorithm, text));
}

/**
 * The claims of an ID token: signed by a key of the provider's, made by it for this client, in time, and of this very sign-in. The signature is always
 * checked, also of a token that came straight from the provider.
 * @throws {OAuthError} `provider_misbehaved`; `provider_unavailable` when the keys are not to be had
 * @see OpenID Connect Core sections 3.1.3.7 and 12.2
 */
export async function verifyIdToken(
  connection: Connection,
  token: string,
  expected: IdTokenExpectations & { readonly server: oauth.AuthorizationServer },
): Promise<ProviderJson> {
  const { server } = expected;
  const now = connection.clock();
  const verified = await jwtVerify(token, idTokenKeys(connection, server), {
    algorithms: idTokenAlgorithms(connection, server),
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(now),
    requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
  }).catch(async (error: unknown) => {
    throw await mapFailure(error);
  });
  const { payload: claims, protectedHeader } = verified;
  const party = checkParties(connection, claims);
  if (party !== undefined) throw wrong(party);
  if (typeof claims.sub !== 'string' || claims.sub.length < 1 || claims.sub.length > 255)
    throw wrong('its sub has no use');
  if (expected.nonce !== undefined && claims['nonce'] !== expected.nonce) throw wrong('it has another nonce');
  if (expected.maxAge !== undefined) checkAge(claims, expected.maxAge, now);
  if (expected.previous !== undefined) checkRenewal(claims, expected.previous);
  const { alg } = protectedHeader;
  if (!(await checkHash(claims['at_hash'], alg, expected.accessToken)))
    throw wrong('at_hash is of another access token');
  if (!(await checkHash(claims['c_hash'], alg, expected.code))) throw wrong('c_hash is of another code');
  return claims;
}
