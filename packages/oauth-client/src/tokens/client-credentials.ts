import type { Connection } from '../connection/connection.js';
import { checkResources } from '../sign-in/resource-indicator.js';
import { wholeNumber } from '../whole-number.js';
import type { AccessToken, TokenCall } from './access-token.js';
import { type AuthorizedFetch, type AuthorizedFetchOptions, createAuthorizedFetch } from './authorized-fetch.js';
import { requestTokens } from './request-tokens.js';
import { createTokenCache } from './token-cache.js';
import { tokenParameters, type TokenWish } from './token-parameters.js';

/** What `createClientCredentials` takes. */
export interface ClientCredentialsOptions {
  /** How long before its end a token is renewed, milliseconds: 0 to an hour, default a minute, at most a fifth of the token's life. */
  readonly renewAheadMs?: number;
  /** How long a token is kept that names no end, milliseconds: 0 to a day, default 5 minutes. */
  readonly assumedLifetimeMs?: number;
  /** Tokens kept: 1 to 100,000, default 1,000. */
  readonly maxTokens?: number;
}

/** Tokens that the application gets for itself. */
export interface ClientCredentials {
  /** The token for a wish: from memory while it is good. @throws {OAuthError} */
  token(wish?: TokenWish, call?: TokenCall): Promise<AccessToken>;
  /** A fetch that sends the token along and gets another one on a 401. `origins` must be named. @throws {OAuthError} `invalid_option` */
  fetch(options: AuthorizedFetchOptions & TokenWish): AuthorizedFetch;
}

/**
 * Machine-to-machine tokens by the client credentials grant. One is kept for each issuer, client, set of scopes and resource; it is asked for once
 * for all callers at a time, renewed before it ends, and served to its end when renewing fails.
 * @throws {OAuthError} `invalid_option`
 * @see RFC 6749 section 4.4; RFC 8707; RFC 9449
 */
export function createClientCredentials(
  connection: Connection,
  options: ClientCredentialsOptions = {},
): ClientCredentials {
  const cache = createTokenCache({
    clock: connection.clock,
    max: wholeNumber('maxTokens', options.maxTokens, { fallback: 1000, min: 1, max: 100_000 }),
    renewAheadMs: wholeNumber('renewAheadMs', options.renewAheadMs, { fallback: 60_000, min: 0, max: 3_600_000 }),
    assumedLifetimeMs: wholeNumber('assumedLifetimeMs', options.assumedLifetimeMs, {
      fallback: 300_000,
      min: 0,
      max: 86_400_000,
    }),
  });
  async function load(wish: TokenWish): Promise<AccessToken> {
    const scopes = wish.scopes ?? [];
    // Not the caller's signal: others wait for the same token.
    const tokens = await requestTokens(connection, {
      grantType: 'client_credentials',
      parameters: tokenParameters({ ...wish, scopes }),
      scopes,
    });
    return { token: tokens.accessToken, type: tokens.tokenType, expiresAt: tokens.expiresAt, scopes: tokens.scopes };
  }

  async function get(wish: TokenWish, call: TokenCall & { readonly refused?: string } = {}): Promise<AccessToken> {
    const { scopes = [], resource, parameters = {} } = wish;
    const key = JSON.stringify([
      connection.provider.issuer,
      connection.client.client_id,
      [...new Set(scopes)].toSorted(),
      checkResources(resource).toSorted(),
      Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    return cache.get(key, () => load(wish), call);
  }

  return {
    token: (wish = {}, call = {}) => get(wish, call),
    fetch({ origins, fetch, ...wish }) {
      return createAuthorizedFetch(
        connection,
        async (call) => ({ access: await get(wish, call), dpop: connection.dpop }),
        { ...(origins === undefined ? {} : { origins }), ...(fetch === undefined ? {} : { fetch }) },
      );
    },
  };
}
