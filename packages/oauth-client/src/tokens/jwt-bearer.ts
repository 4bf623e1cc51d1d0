import { type Environment, randomToken, type Random, type Secret } from '@portcullis/core';
import { SignJWT } from 'jose';
import type { Connection } from '../connection/connection.js';
import type { ClientKey } from '../provider.js';
import type { TokenSet } from '../token-set.js';
import { wholeNumber } from '../whole-number.js';
import type { TokenCall } from './access-token.js';
import { requestTokens } from './request-tokens.js';
import { signingAlgorithm } from './signing-algorithm.js';
import { plain, tokenParameters, type TokenWish } from './token-parameters.js';

/** An assertion that this application signs itself. */
export interface AssertionOptions extends Pick<Environment, 'clock' | 'random'> {
  readonly issuer: string;
  readonly subject: string;
  /** Whom it is for: the authorization server's issuer or token endpoint, whichever it asks for. */
  readonly audience: string;
  readonly key: ClientKey;
  /** How long it can be used, seconds: 1 to 3,600, default 60. */
  readonly lifetimeSeconds?: number;
  /** More claims, such as `scope` at Google. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/**
 * Signs an assertion for `requestByAssertion`, with a `jti` of its own.
 * @throws {OAuthError} `invalid_option`
 * @see RFC 7523 section 3
 */
export async function signAssertion(options: AssertionOptions): Promise<string> {
  const { issuer, subject, audience, key: given, claims = {}, clock = Date.now } = options;
  const random: Random | undefined = options.random;
  const { key, kid } = 'key' in given ? given : { key: given, kid: undefined };
  const alg = signingAlgorithm('key', key);
  const lifetime = wholeNumber('lifetimeSeconds', options.lifetimeSeconds, { fallback: 60, min: 1, max: 3600 });
  const now = Math.floor(clock() / 1000);
  return new SignJWT({
    ...claims,
    iss: issuer,
    sub: subject,
    aud: audience,
    jti: randomToken(16, random),
    iat: now,
    exp: now + lifetime,
  })
    .setProtectedHeader({ alg, typ: 'JWT', ...(kid === undefined ? {} : { kid }) })
    .sign(key);
}

/** What `requestByAssertion` takes. */
export interface AssertionGrant extends TokenWish, TokenCall {
  /** A signed JWT that says for whom a token is asked. */
  readonly assertion: Secret | string;
}

/**
 * Gets tokens for a signed assertion (the JWT bearer grant): how service accounts and cross-domain users get theirs.
 * @throws {OAuthError}
 * @see RFC 7523 section 2.1
 */
export async function requestByAssertion(connection: Connection, grant: AssertionGrant): Promise<TokenSet> {
  const { assertion, signal, ...wish } = grant;
  return requestTokens(connection, {
    grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    parameters: tokenParameters(wish, { assertion: plain(assertion) }),
    scopes: wish.scopes ?? [],
    signal,
  });
}
