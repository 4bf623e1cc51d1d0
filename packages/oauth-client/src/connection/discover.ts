import type { Fetch } from '@portcullis/core';
import { urlObjection } from '@portcullis/core/fetch';
import type * as oauth from 'oauth4webapi';
import { OAuthError } from '../errors.js';
import type { Provider, ProviderEndpoints } from '../provider.js';

/**
 * Where an issuer's metadata may be, in the order to try. OpenID Connect appends its name to the issuer, RFC 8414 inserts its own before the
 * issuer's path, and MCP asks for both, and for OpenID Connect's name in the place of RFC 8414.
 * @see RFC 8414 section 3.1; OpenID Connect Discovery section 4.1; MCP authorization, server metadata discovery
 */
export function metadataUrls(issuer: string, discovery: Exclude<Provider['discovery'], 'none'>): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const inserted = (name: string): string => `${origin}/.well-known/${name}${path}`;
  const appended = `${origin}${path}/.well-known/openid-configuration`;
  if (discovery === 'oidc') return [appended];
  if (discovery === 'oauth2') return [inserted('oauth-authorization-server')];
  const all = [inserted('oauth-authorization-server'), inserted('openid-configuration'), appended];
  return [...new Set(all)];
}

const endpointNames = {
  authorization: 'authorization_endpoint',
  token: 'token_endpoint',
  userInfo: 'userinfo_endpoint',
  revocation: 'revocation_endpoint',
  introspection: 'introspection_endpoint',
  deviceAuthorization: 'device_authorization_endpoint',
  pushedAuthorization: 'pushed_authorization_request_endpoint',
  endSession: 'end_session_endpoint',
  jwks: 'jwks_uri',
} as const satisfies Record<keyof ProviderEndpoints, string>;

/** The endpoints of a provider's record under the names of RFC 8414. */
function recordedEndpoints(endpoints: ProviderEndpoints = {}): Partial<oauth.AuthorizationServer> {
  const named = (Object.keys(endpointNames) as (keyof ProviderEndpoints)[]).flatMap((name) =>
    endpoints[name] === undefined ? [] : [[endpointNames[name], endpoints[name]] as const],
  );
  return Object.fromEntries(named);
}

/** What discovery needs. */
export interface DiscoveryContext {
  readonly fetch: Fetch;
  readonly allowPrivate: boolean;
  readonly signal?: AbortSignal | undefined;
}

const misbehaved = (message: string): OAuthError => new OAuthError('provider_misbehaved', message);

function checkMetadata(
  document: unknown,
  { issuer, endpoints }: Provider,
  allowPrivate: boolean,
): oauth.AuthorizationServer {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw misbehaved("The provider's metadata is not a JSON object.");
  }
  const server = { ...document, ...recordedEndpoints(endpoints) } as oauth.AuthorizationServer;
  // Character by character: what only looks alike is another issuer.
  if (server.issuer !== issuer)
    throw misbehaved("The provider's metadata names another issuer than the configured one.");
  for (const name of Object.values(endpointNames)) {
    const url: unknown = server[name];
    if (url === undefined) continue;
    const objection = typeof url === 'string' ? urlObjection(url, allowPrivate) : 'it is not a string';
    if (objection !== undefined) throw misbehaved(`The provider's metadata has an unusable ${name}: ${objection}.`);
  }
  return server;
}

/**
 * A provider's metadata: fetched, found to be of exactly this issuer, and naming only addresses that may be fetched.
 * @throws {OAuthError} `provider_unavailable` when there is none to be had, `provider_misbehaved` when there is a wrong one
 * @see RFC 8414 section 3.3
 */
export async function discover(provider: Provider, context: DiscoveryContext): Promise<oauth.AuthorizationServer> {
  const { discovery, issuer } = provider;
  if (discovery === 'none') return { issuer, ...recordedEndpoints(provider.endpoints) };
  let status = 0;
  for (const url of metadataUrls(issuer, discovery)) {
    const answer = await context.fetch(url, {
      headers: { accept: 'application/json' },
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    });
    ({ status } = answer);
    if (status === 200) {
      const document: unknown = await answer.json().catch(() => undefined);
      return checkMetadata(document, provider, context.allowPrivate);
    }
    // Only "there is none here" leads on: an error of the server is no reason to ask elsewhere.
    if (status < 400 || status > 499 || status === 429) break;
  }
  throw new OAuthError('provider_unavailable', `The provider's metadata was not found (last answer ${status}).`);
}
