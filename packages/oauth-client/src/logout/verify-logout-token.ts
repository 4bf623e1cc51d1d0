import { jwtVerify } from 'jose';
import type * as oauth from 'oauth4webapi';
import type { Connection } from '../connection/connection.js';
import { OAuthError } from '../errors.js';
import { idTokenAlgorithms, idTokenKeys } from '../sign-in/id-token-keys.js';
import { mapFailure } from '../connection/map-failure.js';
import { checkParties, clockToleranceSeconds } from '../sign-in/verify-id-token.js';

/** What a provider wants ended. At least one of `sid` and `subject` is there. */
export interface LogoutRequest {
  readonly issuer: string;
  readonly sid?: string | undefined;
  readonly subject?: string | undefined;
  readonly jti: string;
}

const event = 'http://schemas.openid.net/event/backchannel-logout';
const oldestMs = 600_000;

const wrong = (what: string): OAuthError =>
  new OAuthError('provider_misbehaved', `The logout token is no good: ${what}.`);

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/**
 * What a logout token asks for, when it is one: signed by the provider for this client, typed, recent, with the event and without a nonce, so that no
 * ID token passes for it. Whether its `jti` was used before is for the caller to find out.
 * @throws {OAuthError} `provider_misbehaved`, `provider_unavailable`
 * @see OpenID Connect Back-Channel Logout section 2.6
 */
export async function verifyLogoutToken(
  connection: Connection,
  token: string,
  server: oauth.AuthorizationServer,
): Promise<LogoutRequest> {
  const now = connection.clock();
  const verified = await jwtVerify(token, idTokenKeys(connection, server), {
    algorithms: idTokenAlgorithms(connection, server),
    typ: 'logout+jwt',
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(now),
    requiredClaims: ['iss', 'aud', 'iat', 'jti', 'exp', 'events'],
  }).catch(async (error: unknown) => {
    throw await mapFailure(error);
  });
  const { payload: claims } = verified;
  const party = checkParties(connection, claims);
  if (party !== undefined) throw wrong(party);
  const { iat = 0, events, sid, sub, jti } = claims;
  if (iat * 1000 < now - oldestMs || iat > now / 1000 + clockToleranceSeconds)
    throw wrong('it is not of these minutes');
  const named = (events as Readonly<Record<string, unknown>> | null)?.[event];
  if (typeof named !== 'object' || named === null) throw wrong('it does not name the logout event');
  if ('nonce' in claims) throw wrong('it has a nonce, as an ID token has');
  const request = { issuer: claims.iss as string, sid: textOf(sid), subject: textOf(sub), jti: textOf(jti) };
  if (request.sid === undefined && request.subject === undefined)
    throw wrong('it names neither a session nor a subject');
  if (request.jti === undefined) throw wrong('its jti has no use');
  return { ...request, jti: request.jti };
}
