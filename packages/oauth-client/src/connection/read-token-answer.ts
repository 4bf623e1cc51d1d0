import { Secret } from '@portcullis/core';
import * as oauth from 'oauth4webapi';
import type { Connection } from './connection.js';
import { OAuthError } from '../errors.js';
import type { ProviderJson } from '../provider.js';
import type { TokenSet } from '../token-set.js';
import { type IdTokenExpectations, verifyIdToken } from '../sign-in/verify-id-token.js';

/** What a token answer is read against. */
export interface TokenExpectations {
  readonly server: oauth.AuthorizationServer;
  /** What is granted when the answer does not say. */
  readonly scopes: readonly string[];
  /** `required`: an answer without one is refused. `ignored`: it is not looked at, and not kept. */
  readonly idToken: 'required' | 'optional' | 'ignored';
  readonly claims?: IdTokenExpectations;
}

const tokenNames = new Set(['access_token', 'refresh_token', 'id_token', 'token_type', 'expires_in', 'scope']);
// 100 years: what is longer is no lifetime, and in milliseconds it must stay a safe integer.
const longestSeconds = 3_153_600_000;

async function takeIdToken(response: Response): Promise<{ readonly idToken: unknown; readonly rest: Response }> {
  if (response.status !== 200) return { idToken: undefined, rest: response };
  const { headers } = response;
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (typeof body !== 'object' || body === null || !('id_token' in body)) {
    return { idToken: undefined, rest: new Response(text, { status: 200, headers }) };
  }
  const { id_token: idToken, ...others } = body;
  return { idToken, rest: new Response(JSON.stringify(others), { status: 200, headers }) };
}

function grantedScopes(
  connection: Connection,
  given: string | undefined,
  requested: readonly string[],
): readonly string[] {
  if (given === undefined) return [...requested];
  const separator = connection.provider.scopeSeparator ?? ' ';
  return given.split(separator === ',' ? /[ ,]+/ : / +/).filter((scope) => scope !== '');
}

/**
 * Reads a token endpoint's answer: of RFC 6749's form, of a token type that is known (compared without case), bound where it was to be bound, and
 * with an ID token that is verified.
 * @throws {OAuthError} `provider_misbehaved`, `provider_refused`, `provider_unavailable`; call it inside `connection.ask`
 * @see RFC 6749 sections 5.1 and 7.1
 */
export async function readTokenAnswer(
  connection: Connection,
  response: Response,
  expected: TokenExpectations,
): Promise<TokenSet> {
  const { server } = expected;
  // Kept from oauth4webapi, whose rules for it know nothing of issuers that depend on the user.
  const { idToken, rest } = await takeIdToken(response);
  const answer = await oauth.processGenericTokenEndpointResponse(server, connection.client, rest);
  const { access_token: accessToken, refresh_token: refreshToken, token_type: type } = answer;
  const tokenType = type.toLowerCase();
  if (connection.dpop !== undefined && tokenType !== 'dpop') {
    throw new OAuthError('provider_misbehaved', 'The provider did not bind the token to the key.');
  }
  if (connection.dpop === undefined && tokenType !== 'bearer') {
    throw new OAuthError(
      'provider_misbehaved',
      'The provider bound the token to a key that this client does not have.',
    );
  }
  const wanted = expected.idToken !== 'ignored' && idToken !== undefined;
  if (expected.idToken === 'required' && typeof idToken !== 'string') {
    throw new OAuthError('provider_misbehaved', 'The provider gave no ID token, though "openid" was asked for.');
  }
  let claims: ProviderJson | undefined;
  if (wanted) {
    if (typeof idToken !== 'string') throw new OAuthError('provider_misbehaved', 'The ID token is not a string.');
    claims = await verifyIdToken(connection, idToken, { ...expected.claims, accessToken, server });
  }
  const seconds = answer.expires_in ?? connection.provider.accessTokenLifetime;
  return {
    accessToken: new Secret(accessToken),
    tokenType: tokenType as TokenSet['tokenType'],
    expiresAt:
      seconds === undefined ? undefined : connection.clock() + Math.floor(Math.min(seconds, longestSeconds) * 1000),
    refreshToken: refreshToken === undefined ? undefined : new Secret(refreshToken),
    scopes: grantedScopes(connection, answer.scope, expected.scopes),
    idToken: wanted ? new Secret(idToken as string) : undefined,
    claims,
    extra: Object.fromEntries(Object.entries(answer).filter(([name]) => !tokenNames.has(name))),
  };
}
