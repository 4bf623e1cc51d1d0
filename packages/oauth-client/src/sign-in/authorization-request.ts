import { encodeBase64url, type Random, random as systemRandom } from '@portcullis/core';
import * as oauth from 'oauth4webapi';
import { checkRequestedDetails, type RequestedDetail } from './authorization-details.js';
import type { Connection } from '../connection/connection.js';
import { invalidOption, OAuthError } from '../errors.js';
import { checkRedirectUri } from './redirect-uri.js';
import { checkResources } from './resource-indicator.js';
import { withDpopNonce } from '../connection/with-dpop-nonce.js';

/** What a sign-in may ask of the provider. */
export interface AuthorizationOptions {
  /** Instead of the connection's scopes. */
  readonly scopes?: readonly string[];
  /** `none` asks nothing of the user; `login`, `consent`, `select_account` insist on it. */
  readonly prompt?: string;
  /** Seconds since the user last proved who they are; 0 asks anew. The ID token then has to say when that was. */
  readonly maxAge?: number;
  readonly loginHint?: string;
  /** In order of preference. */
  readonly acrValues?: readonly string[];
  /** BCP 47 tags, in order of preference. */
  readonly uiLocales?: readonly string[];
  /** The APIs that the tokens are for (RFC 8707). */
  readonly resource?: string | readonly string[];
  /** What is asked for in detail (RFC 9396). */
  readonly authorizationDetails?: readonly RequestedDetail[];
}

/** What `createAuthorizationRequest` takes. */
export interface AuthorizationRequestOptions extends AuthorizationOptions {
  readonly redirectUri: string;
  readonly random?: Random;
  readonly signal?: AbortSignal;
}

/** What has to be kept between request and answer, secretly and for this one user agent. Plain JSON. */
export interface AuthorizationTransaction {
  readonly state: string;
  readonly verifier: string;
  readonly nonce?: string | undefined;
  /** The issuer that the user was sent to. */
  readonly issuer: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly maxAge?: number | undefined;
  readonly resource: readonly string[];
  readonly detailTypes: readonly string[];
}

/** Where to send the user. */
export interface AuthorizationRequest {
  readonly url: string;
  /** From when on the provider no longer knows the address, absolute milliseconds: for a pushed request. */
  readonly expiresAt?: number | undefined;
  readonly transaction: AuthorizationTransaction;
}

const reserved = new Set([
  'client_id',
  'redirect_uri',
  'response_type',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
]);

function plainParameters(
  connection: Connection,
  options: AuthorizationRequestOptions,
): readonly (readonly [string, string])[] {
  const { provider } = connection;
  const { prompt, maxAge, loginHint, acrValues, uiLocales, authorizationDetails = [] } = options;
  if (maxAge !== undefined && !(Number.isSafeInteger(maxAge) && maxAge >= 0)) {
    throw invalidOption('maxAge', 'give whole seconds, 0 or more');
  }
  const given: readonly (readonly [string, string | undefined])[] = [
    ...Object.entries(provider.authorizationParameters ?? {}).filter(([name]) => !reserved.has(name)),
    ['response_mode', provider.responseMode === 'form_post' ? 'form_post' : undefined],
    ['prompt', prompt],
    ['max_age', maxAge?.toString()],
    ['login_hint', loginHint],
    ['acr_values', acrValues?.join(' ')],
    ['ui_locales', uiLocales?.join(' ')],
    ['authorization_details', authorizationDetails.length > 0 ? JSON.stringify(authorizationDetails) : undefined],
  ];
  return given.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
}

/** Signs the request, so that nobody on the way can change it. Then nothing of it stands beside the signed form. */
async function signed(
  connection: Connection,
  server: oauth.AuthorizationServer,
  parameters: URLSearchParams,
): Promise<URLSearchParams> {
  const { requestObjectKey, client } = connection;
  if (requestObjectKey === undefined) {
    if (server.require_signed_request_object !== true) return parameters;
    throw invalidOption('requestObjectKey', `${connection.name} takes signed requests only: give a key`);
  }
  const request = await oauth.issueRequestObject(server, client, parameters, requestObjectKey);
  return new URLSearchParams({ client_id: client.client_id, request });
}

async function pushed(
  connection: Connection,
  server: oauth.AuthorizationServer,
  parameters: URLSearchParams,
  signal: AbortSignal | undefined,
): Promise<oauth.PushedAuthorizationResponse> {
  const { client, clientAuth, dpop } = connection;
  return withDpopNonce(dpop, async () => {
    const options = { ...connection.requestOptions({ signal }), ...(dpop === undefined ? {} : { DPoP: dpop }) };
    const answer = await oauth.pushedAuthorizationRequest(server, client, clientAuth, parameters, options);
    return oauth.processPushedAuthorizationResponse(server, client, answer);
  });
}

function mustPush({ name, pushedAuthorization }: Connection, server: oauth.AuthorizationServer): boolean {
  const offered = server.pushed_authorization_request_endpoint !== undefined;
  const required = server.require_pushed_authorization_requests === true;
  if (required && !(offered && pushedAuthorization)) {
    throw invalidOption('pushedAuthorization', `${name} takes pushed requests only: leave the option out`);
  }
  return offered && pushedAuthorization;
}

/**
 * Begins an authorization code flow: PKCE with S256 and a state always, a nonce for OpenID Connect, each of 256 random bits and made for this
 * request alone. The request is pushed where the provider offers that, and signed where there is a key for it.
 * @throws {OAuthError} `invalid_option`, `provider_unavailable`, `provider_refused`, `provider_misbehaved`
 * @see RFC 9700 section 2.1; RFC 7636; RFC 9126; RFC 9101
 */
export function createAuthorizationRequest(
  connection: Connection,
  options: AuthorizationRequestOptions,
): Promise<AuthorizationRequest> {
  const { random = systemRandom, redirectUri, signal } = options;
  const { provider, client } = connection;
  const token = (): string => encodeBase64url(random(32));
  const scopes = options.scopes ?? connection.scopes;
  checkRedirectUri(redirectUri);
  const resource = checkResources(options.resource);
  const plain = plainParameters(connection, options);
  return connection.ask(
    async (server) => {
      const { authorization_endpoint: endpoint } = server;
      if (endpoint === undefined)
        throw new OAuthError('provider_misbehaved', 'The provider has no authorization endpoint.');
      const methods = server.code_challenge_methods_supported;
      if (provider.discovery === 'mcp' && methods?.includes('S256') !== true) {
        throw new OAuthError('provider_misbehaved', 'The provider does not say that it checks PKCE with S256.');
      }
      const details = checkRequestedDetails(
        options.authorizationDetails,
        server['authorization_details_types_supported'],
      );
      const [state, verifier, nonce] = [token(), token(), provider.openid ? token() : undefined];
      const parameters = new URLSearchParams(plain.map(([name, value]) => [name, value]));
      for (const each of resource) parameters.append('resource', each);
      const own = {
        client_id: client.client_id,
        redirect_uri: redirectUri,
        response_type: 'code',
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      };
      for (const [name, value] of Object.entries(own)) parameters.set(name, value);
      if (scopes.length > 0) parameters.set('scope', scopes.join(provider.scopeSeparator ?? ' '));
      if (nonce !== undefined) parameters.set('nonce', nonce);
      if (connection.dpop !== undefined) parameters.set('dpop_jkt', await connection.dpop.calculateThumbprint());
      let sent = await signed(connection, server, parameters);
      let expiresAt: number | undefined;
      if (mustPush(connection, server)) {
        const { request_uri: reference, expires_in: seconds } = await pushed(connection, server, sent, signal);
        expiresAt = connection.clock() + seconds * 1000;
        sent = new URLSearchParams({ client_id: client.client_id, request_uri: reference });
      }
      const url = new URL(endpoint);
      for (const [name, value] of sent) {
        url.searchParams.append(name === 'client_id' ? (provider.clientIdParameter ?? name) : name, value);
      }
      const detailTypes = [...new Set(details.map(({ type }) => type))];
      const { issuer } = server;
      const { maxAge } = options;
      return {
        url: url.href,
        expiresAt,
        transaction: { state, verifier, nonce, issuer, redirectUri, scopes, maxAge, resource, detailTypes },
      };
    },
    signal === undefined ? {} : { signal },
  );
}
