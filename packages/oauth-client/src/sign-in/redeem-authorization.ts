import * as oauth from 'oauth4webapi';
import { checkGrantedDetails } from './authorization-details.js';
import type { AuthorizationTransaction } from './authorization-request.js';
import { readAuthorizationCode } from './authorization-response.js';
import type { Connection } from '../connection/connection.js';
import { fetchUserInfo } from './fetch-user-info.js';
import { OAuthError } from '../errors.js';
import type { Profile, ProviderJson } from '../provider.js';
import { readProfile } from './read-profile.js';
import { readTokenAnswer } from '../connection/read-token-answer.js';
import type { TokenSet } from '../token-set.js';
import { withDpopNonce } from '../connection/with-dpop-nonce.js';

/** What a finished authorization gives. */
export interface Authorization {
  readonly profile: Profile;
  readonly tokens: TokenSet;
  /** The ID token's claims; empty where the provider issues none. */
  readonly claims: ProviderJson;
  /** When the user proved who they are, absolute milliseconds, as the provider says. */
  readonly authenticatedAt?: number | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
}

/** These parameters of a callback, as far as they are there. */
function picked(parameters: URLSearchParams, names: readonly string[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries([...parameters].filter(([name]) => names.includes(name)));
}

const isText = (value: unknown): value is string => typeof value === 'string';

/**
 * Ends an authorization code flow: checks the answer against its transaction, trades the code for tokens and reads who signed in. The
 * transaction is good for one call: take it from where it is kept before.
 * @param parameters of the callback
 * @throws {OAuthError} every code of a sign-in and of a provider
 */
export function redeemAuthorization(
  connection: Connection,
  transaction: AuthorizationTransaction,
  { parameters, signal }: { readonly parameters: URLSearchParams; readonly signal?: AbortSignal },
): Promise<Authorization> {
  const { provider, client, clientAuth, dpop } = connection;
  const call = signal === undefined ? {} : { signal };
  return connection.ask(async (server) => {
    if (!(await connection.isOwnCallback(parameters)))
      throw new OAuthError('provider_misbehaved', 'The callback does not carry the signature of the provider.');
    const code = readAuthorizationCode(server, transaction, parameters);
    const { state, redirectUri, verifier, resource, scopes, nonce, maxAge, detailTypes } = transaction;
    const answer = new URLSearchParams({ code, state });
    const iss = parameters.get('iss');
    if (iss !== null) answer.set('iss', iss);
    const checked = oauth.validateAuthResponse(server, client, answer, state);
    const additionalParameters = new URLSearchParams(resource.map((each) => ['resource', each]));
    for (const [name, value] of Object.entries(picked(parameters, provider.tokenRequestRepeats))) {
      additionalParameters.set(name, value);
    }
    const obtained = await withDpopNonce(dpop, async () => {
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        clientAuth,
        checked,
        redirectUri,
        verifier,
        {
          ...connection.requestOptions(call),
          ...(dpop === undefined ? {} : { DPoP: dpop }),
          additionalParameters,
        },
      );
      return readTokenAnswer(connection, response, {
        server,
        scopes,
        idToken: provider.openid ? 'required' : 'ignored',
        claims: { nonce, maxAge, code },
      });
    });
    const repeats = picked(parameters, provider.renewalRepeats);
    const tokens = Object.keys(repeats).length === 0 ? obtained : { ...obtained, renewalParameters: repeats };
    checkGrantedDetails(tokens.extra['authorization_details'], detailTypes);
    const claims = tokens.claims ?? {};
    const userInfo = await fetchUserInfo(connection, server, tokens);
    const callback = Object.fromEntries([...parameters].filter(([name]) => !['code', 'state', 'iss'].includes(name)));
    const profile = readProfile(provider, { claims, userInfo, token: tokens.extra, callback });
    const { auth_time: at, acr, amr } = claims;
    return {
      profile,
      tokens,
      claims,
      authenticatedAt: typeof at === 'number' ? at * 1000 : undefined,
      acr: isText(acr) ? acr : undefined,
      amr: Array.isArray(amr) && amr.every(isText) ? amr : undefined,
    };
  }, call);
}
