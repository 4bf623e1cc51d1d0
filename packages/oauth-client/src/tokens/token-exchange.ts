import type { Secret } from '@portcullis/core';
import type { Connection } from '../connection/connection.js';
import { invalidOption, OAuthError } from '../errors.js';
import type { ProviderJson } from '../provider.js';
import type { TokenCall } from './access-token.js';
import { requestTokens } from './request-tokens.js';
import { plain, tokenParameters, type TokenWish } from './token-parameters.js';

const prefix = 'urn:ietf:params:oauth:token-type:';

/** Names of token types. @see RFC 8693 section 3 */
export const tokenTypes: Readonly<
  Record<'accessToken' | 'refreshToken' | 'idToken' | 'jwt' | 'saml1' | 'saml2', string>
> = {
  accessToken: `${prefix}access_token`,
  refreshToken: `${prefix}refresh_token`,
  idToken: `${prefix}id_token`,
  jwt: `${prefix}jwt`,
  saml1: `${prefix}saml1`,
  saml2: `${prefix}saml2`,
};

/** What `exchangeToken` takes. */
export interface TokenExchange extends TokenWish, TokenCall {
  /** Stands for the party on whose behalf the new token is. */
  readonly subjectToken: Secret | string;
  /** Default an access token. */
  readonly subjectTokenType?: string;
  /** Stands for the party that acts: with it the exchange is a delegation, without it an impersonation. */
  readonly actorToken?: Secret | string;
  readonly actorTokenType?: string;
  /** What to get. The server may give only that, or refuse. */
  readonly requestedTokenType?: string;
  /** The name of the service at which the new token is to be used, when it has no URI for `resource`. */
  readonly audience?: string;
}

/** What an exchange gave. */
export interface ExchangedToken {
  readonly token: Secret;
  /** What the token is, whatever `tokenType` says of how it is sent. */
  readonly issuedTokenType: string;
  /** `none`: it is not an access token, and is not sent as one. */
  readonly tokenType: 'bearer' | 'dpop' | 'none';
  readonly expiresAt?: number | undefined;
  readonly refreshToken?: Secret | undefined;
  readonly scopes: readonly string[];
  readonly extra: ProviderJson;
}

function misbehaved(what: string): OAuthError {
  return new OAuthError(
    'provider_misbehaved',
    `The provider answered a token exchange ${what} (RFC 8693 section 2.2.1).`,
  );
}

/** An answer whose `token_type` is `N_A`, which says that the token is not sent as an access token, is read as any other. */
async function takeBareType(response: Response, stead: string): Promise<{ isBare: boolean; rest: Response }> {
  if (response.status !== 200) return { isBare: false, rest: response };
  const text = await response.text();
  const again = (body: string): Response => new Response(body, { status: 200, headers: response.headers });
  try {
    const answer = JSON.parse(text) as ProviderJson;
    if (String(answer['token_type']).toLowerCase() !== 'n_a') return { isBare: false, rest: again(text) };
    return { isBare: true, rest: again(JSON.stringify({ ...answer, token_type: stead })) };
  } catch {
    return { isBare: false, rest: again(text) };
  }
}

/**
 * Exchanges a token for another: for a service behind this one, or for one that acts for the user.
 * @throws {OAuthError} `provider_misbehaved` for an answer that does not say what it issued, or issued another type than was asked for
 * @see RFC 8693
 */
export async function exchangeToken(connection: Connection, exchange: TokenExchange): Promise<ExchangedToken> {
  const {
    subjectToken,
    subjectTokenType = tokenTypes.accessToken,
    actorToken,
    requestedTokenType,
    audience,
  } = exchange;
  if ((actorToken === undefined) !== (exchange.actorTokenType === undefined)) {
    throw invalidOption('actorTokenType', 'give it with actorToken, and only with it (RFC 8693 section 2.1)');
  }
  let bare = false;
  const tokens = await requestTokens(connection, {
    grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
    parameters: tokenParameters(exchange, {
      audience,
      subject_token: plain(subjectToken),
      subject_token_type: subjectTokenType,
      actor_token: actorToken === undefined ? undefined : plain(actorToken),
      actor_token_type: exchange.actorTokenType,
      requested_token_type: requestedTokenType,
    }),
    scopes: exchange.scopes ?? [],
    signal: exchange.signal,
    async inspect(response) {
      const { isBare, rest } = await takeBareType(response, connection.dpop === undefined ? 'Bearer' : 'DPoP');
      bare = isBare;
      return rest;
    },
  });
  const { issued_token_type: issuedTokenType, ...extra } = tokens.extra;
  if (typeof issuedTokenType !== 'string' || issuedTokenType === '') throw misbehaved('without issued_token_type');
  if (requestedTokenType !== undefined && requestedTokenType !== issuedTokenType)
    throw misbehaved('with another type of token');
  if (bare && issuedTokenType === tokenTypes['accessToken']) throw misbehaved('with an access token of no type');
  return {
    token: tokens.accessToken,
    issuedTokenType,
    tokenType: bare ? 'none' : tokens.tokenType,
    expiresAt: tokens.expiresAt,
    refreshToken: tokens.refreshToken,
    scopes: tokens.scopes,
    extra,
  };
}
